package main

var holes, fleets, orders, clocks, configs []fault
