package main

var configs []fault
