package image

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func (ch *changing) stopSignal(i instruction) error {
	signal, err := ch.one(i)
	if err != nil {
		return err
	}
	number, notNumber := strconv.Atoi(signal)
	name := "SIG" + strings.TrimPrefix(strings.ToUpper(signal), "SIG")
	if (notNumber == nil && number <= 0) || (notNumber != nil && unix.SignalNum(name) == 0 && !realTime(name)) {
		return fmt.Errorf("invalid signal: %s", signal)
	}
	ch.config.StopSignal = signal
	return nil
}

// realTime tells the names of signals 34 to 64: SIGRTMIN, SIGRTMIN+15, SIGRTMAX-14, SIGRTMAX (signal(7)).
func realTime(name string) bool {
	for prefix, most := range map[string]int{"SIGRTMIN": 15, "SIGRTMAX": 14} {
		if rest, is := strings.CutPrefix(name, prefix); is {
			sign := map[string]string{"SIGRTMIN": "+", "SIGRTMAX": "-"}[prefix]
			number, err := strconv.Atoi(strings.TrimPrefix(rest, sign))
			return rest == "" || (strings.HasPrefix(rest, sign) && err == nil && number >= 1 && number <= most)
		}
	}
	return false
}
