// Package container is a container's life, from what was asked for to what is left of it: nothing.
//
// What was asked for (Options) becomes an OCI spec, the spec a Plan, and the Plan a Program, which runtime/process carries out. A
// container that was made lies on disk (State); while it runs, one process of tutor looks after it, and holds a lock (Claim).
// Everybody else finds both through a Home, whose methods are the commands: Find, Start, Stop, Exec, Commit, Remove.
//
// The files, by what they are about:
//
//	from flags to a spec    spec.go spec_share.go config.go defaults.go capabilities.go seccomp.go users.go volumes.go targets.go host.go
//	from a spec to a list   plan.go exec_plan.go stop_plan.go catalogue.go
//	the files in between    prepare.go unpack.go etc.go
//	a life                  create.go run.go finish.go stop.go pause.go update.go update_check.go update_keep.go
//	what is known of it     state.go recipe.go names.go find.go status.go tree.go disk.go usage.go usage_proc.go usage_pressure.go
//	what a killed one left  sweep.go guard.go freeze.go
//	who looks after it      monitor.go attach.go person.go wire.go hub.go hub_out.go flow.go attend.go
//	what it has said        log.go log_files.go log_read.go
//	one command more        exec.go exec_streams.go exec_terminal.go inside.go self.go
//	networks                network_mode.go networks.go connect.go endpoints.go bridges.go plug.go choose.go publish.go
//	its files, from outside copy.go copy_ends.go copy_path.go copy_view.go commit.go
//	errors                  hint.go
package container
