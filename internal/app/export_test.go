package app

import "time"

func init() { goneAfter, hurried, overseeEvery = time.Nanosecond, true, time.Second }
