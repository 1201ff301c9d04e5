//go:build linux

package main

// A list is the value of a flag that may be given more than once. Of pflag's own kinds the help would say stringArray, where
// Docker's says list; and fifty of them, each asked for its default as CSV, are a fifth of what it costs to start tutor.
type list []string

func (l *list) Set(word string) error { *l = append(*l, word); return nil }

func (l *list) GetSlice() []string { return *l } // tells cobra's completion that it may be given again

func (l *list) Type() string { return "list" }

func (l *list) String() string { return "" } // its default
