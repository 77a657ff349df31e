package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// scalar reads a single value.
func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value, size bool) {
	if n.Kind != yaml.ScalarNode {
		d.refuse(path, "must be a single value, not a %s", kindName(n))
		return
	}
	x := expand(n.Value, d.folder)
	secret := v.Type() == secretType || v.Type() == urlType
	switch {
	case !secret:
		d.written[path] = n.Value
	case v.Type() == secretType || URL(x.text).tells():
		d.checkSecret(path, x)
	}
	if len(x.problems) > 0 && d.withoutSecrets && secret {
		v.SetString(unknownSecret)
		d.spoil(path) // it cannot be judged
		return
	}
	if len(x.problems) > 0 {
		for _, p := range x.problems {
			d.refuse(path, "%s", p)
		}
		return
	}
	// Quotes say "this is text". Around a ${...} they are needed in many places, so there they say nothing.
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 && !x.found
	if wrong := setScalar(v, x.text, quoted, size); wrong != "" {
		d.refuse(path, "%s %s", (&Section{d, path}).Quote(""), wrong)
	}
}

// unknownSecret stands for a secret that LoadWithoutSecrets could not look up.
const unknownSecret = "unknown"

// checkSecret warns about secrets that others on this machine can read.
func (d *decoder) checkSecret(path string, x expansion) {
	for _, file := range x.exposed {
		d.warn(path, "%s can be read by every user of this machine; chmod 0640 it or less", file)
	}
	if d.exposed && !x.found && x.text != "" {
		d.warn(path, "stands in clear in a file that every user of this machine can read; chmod 0640 the file, or write ${file:/path} or ${credential:name}")
	}
}

var (
	secretType   = reflect.TypeFor[Secret]()
	urlType      = reflect.TypeFor[URL]()
	durationType = reflect.TypeFor[time.Duration]()
	bytesType    = reflect.TypeFor[Bytes]()
)

// setScalar stores text in v as its type asks for. It returns what is wrong, without the text, or "".
func setScalar(v reflect.Value, text string, quoted, size bool) string {
	switch {
	case v.Type() == durationType:
		duration, wrong := parseDuration(text)
		v.SetInt(int64(duration))
		return wrong
	case v.Type() == bytesType || size:
		n, wrong := parseBytes(text)
		v.SetInt(n)
		return wrong
	case v.Kind() == reflect.String:
		v.SetString(text)
		return ""
	case v.Kind() == reflect.Bool:
		value := strings.ToLower(text)
		if quoted {
			return "must be true or false, without quotes"
		}
		if value != "true" && value != "false" {
			return "must be true or false"
		}
		v.SetBool(value == "true")
		return ""
	}
	if quoted {
		return "must be a number without quotes"
	}
	switch {
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return wholeNumber(-1<<(v.Type().Bits()-1), 1<<(v.Type().Bits()-1)-1)
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return wholeNumber(0, uint64(1)<<v.Type().Bits()-1)
		}
		v.SetUint(n)
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return "must be a number, e.g. 1.5"
		}
		v.SetFloat(f)
	}
	return ""
}

func wholeNumber(from, to any) string {
	return fmt.Sprintf("must be a whole number from %d to %d", from, to)
}
