# make demo   the main job: a container, and every system call that made it
# make test   everything that can be tested here; as root it installs what it lacks
# make        the program: ./tutor

export CGO_ENABLED := 0
VERSION := $(shell git describe --always --dirty 2>/dev/null)
# Root gets what is missing; anybody else is told by the tests that skip.
DEPS := $(if $(filter 0,$(shell id -u)),deps)

tutor: FORCE
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/tutor

demo: tutor
	@sh vagrant/demo.sh ./tutor

test: $(DEPS)
	sh vagrant/test.sh

# The proof on a stock kernel with pure cgroup v2: a virtual machine, emulated if need be.
vm: $(DEPS)
	go test -count=1 -timeout 15m -v -run '^TestPureCgroupV2$$' ./cmd/tutor

# tutor against crun, runc and a C program that makes the bare calls, and its pulls against skopeo with umoci (and
# podman and docker where they are), in one run, as ratios.
bench: $(DEPS)
	sh vagrant/bench.sh

# Debian and Ubuntu packages that the tests need.
deps:
	sh vagrant/provision.sh tests

clean:
	rm -f tutor

.PHONY: demo test vm bench deps clean FORCE
FORCE:
