package labs

import "embed"

// Exercises are the starters, the solutions and the wrong solutions of the labs. A solution has only the files that
// are new or changed since the lab before.
//
//go:embed */exercise* */solution */mutants
var Exercises embed.FS
