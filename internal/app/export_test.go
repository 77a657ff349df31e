package app

import "time"

func init() { goneAfter, hurried = time.Nanosecond, true }
