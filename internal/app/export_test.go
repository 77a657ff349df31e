package app

import "time"

func init() { goneAfter = time.Nanosecond }
