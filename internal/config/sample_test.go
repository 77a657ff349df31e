package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

const sample = "../../config.yaml"

// A key without default stands in the sample as "#key: example"; prose has a space after the #.
var exampleKey = regexp.MustCompile(`(?m)^( *)#([a-z_]+: )`)

func TestSampleLoads(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if _, _, err := Load(sample, testTypes); err == nil || !strings.Contains(err.Error(), "credential mysql-password (/etc/octail/credentials/mysql-password) does not exist") {
		t.Errorf("without the password: %v", err)
	}
	for _, name := range []string{"mysql-password", "http-token"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(hunter2+"\n"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	c, warnings, err := Load(sample, testTypes)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if c.Shop.MySQL.Password != hunter2 {
		t.Error("the password is not the credential")
	}

	data, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Parse(sample, exampleKey.ReplaceAll(data, []byte("$1$2")), testTypes); err != nil {
		t.Errorf("with every example: %v", err)
	}
}

// TestSampleShowsDefaults: removing everything that is not needed changes nothing.
func TestSampleShowsDefaults(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("OCTAIL_TEST_SECRET", hunter2)
	if err := os.WriteFile(filepath.Join(dir, "mysql-password"), []byte(hunter2), 0o400); err != nil {
		t.Fatal(err)
	}
	got, _, err := Load(sample, testTypes)
	if err != nil {
		t.Fatal(err)
	}
	want := load(t, smallest)
	want.Path, want.Sinks[0].Line = got.Path, got.Sinks[0].Line
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSampleHasEveryKey compares the keys of the structs with those of the sample, in the same order.
func TestSampleHasEveryKey(t *testing.T) {
	data, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(exampleKey.ReplaceAll(data, []byte("$1$2")), &root); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	keysOfNode(root.Content[0], "", &got)
	keysOfType(reflect.TypeFor[Config](), "", &want)
	keysOfType(reflect.TypeFor[fileSettings](), "sinks[]", &want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func keysOfNode(n *yaml.Node, path string, out *[]string) {
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode {
		keysOfNode(n.Content[0], path+"[]", out)
	}
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		at := join(path, n.Content[i].Value)
		*out = append(*out, at)
		keysOfNode(n.Content[i+1], at, out)
	}
}

// keysOfType knows the types that read themselves: a sink is a section nevertheless, the others are single values here.
func keysOfType(t reflect.Type, path string, out *[]string) {
	if t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[Sink]() {
		keysOfType(t.Elem(), path+"[]", out)
		return
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[TLS]() {
		return
	}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "-" {
			at := join(path, key)
			*out = append(*out, at)
			keysOfType(t.Field(i).Type, at, out)
		}
	}
}
