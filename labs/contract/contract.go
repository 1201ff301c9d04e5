// Package contract is the form in which a lab says what it asks of a student's box: the table Promises in grade.go, in
// the lab's folder.
package contract

// A Promise is one line of a contract.
type Promise struct {
	ID     string   // "lab2.pid"
	Title  string   // what box promises: "COMMAND is PID 1 of a PID namespace of its own"
	Points int      // whole ones: there are course systems that know no others
	Needs  []string // promises without which this one says nothing; if one of them is not kept, this one is skipped
	Man    string   // where the kernel promises it
	Read   string   // the head of the lesson to read again; "": the lesson has nothing on it
	Hints  []string // three, each saying more than the one before
}
