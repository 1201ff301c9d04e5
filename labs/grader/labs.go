package grader

import (
	bareprocess "tutor/labs/1-bare-process"
	namespaces "tutor/labs/2-namespaces"
	cgroups "tutor/labs/3-cgroups"
	layers "tutor/labs/4-layers"
	image "tutor/labs/5-image"
	network "tutor/labs/6-network"
	ports "tutor/labs/7-ports"
	"tutor/labs/contract"
)

// Labs are the contracts, each promise with what looks whether it is kept. Those of a lab must be kept by the solutions of all
// later labs too, in which COMMAND is PID 1 and ignores every signal that it has no handler for.
var Labs = []Lab{
	{1, "1-bare-process", checks(bareprocess.Promises, processLooks)},
	{2, "2-namespaces", checks(namespaces.Promises, namespaceLooks)},
	{3, "3-cgroups", checks(cgroups.Promises, cgroupLooks)},
	{4, "4-layers", checks(layers.Promises, layerLooks)},
	{5, "5-image", checks(image.Promises, imageLooks)},
	{6, "6-network", checks(network.Promises, networkLooks)},
	{7, "7-ports", checks(ports.Promises, portLooks)},
}

// looks are the checks of a lab, by the promise's ID.
type looks map[string]func(s *Sandbox) error

func checks(promises []contract.Promise, by looks) []Check {
	list := make([]Check, len(promises))
	for i, p := range promises {
		list[i] = Check{p, by[p.ID]}
	}
	return list
}
