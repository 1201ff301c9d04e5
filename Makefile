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

# The proof on a stock Debian with systemd and pure cgroup v2: `make test` and the labs in a machine made here, then
# vagrant up of a box, emulated if need be.
vm: $(DEPS)
	go test -count=1 -timeout 15m -v -run '^TestPureCgroupV2$$' ./cmd/tutor
	sh vagrant/provision.sh machine
	sh vagrant/systemd.sh $(BOX)
	sh vagrant/vm.sh $(BOX)

# The smaller proof on arm64, in an emulated machine: the trace, the doctor, and the labs 1 to 4. Some ten minutes.
arm64:
	sh vagrant/provision.sh arm64
	sh vagrant/arm64.sh

# The first lesson of a Docker course, as docs/lesson.md has it: nginx, a network, Jupyter with a volume, a real browser.
lesson: $(DEPS)
	sh vagrant/provision.sh lesson
	TUTOR_LESSON=1 go test -count=1 -timeout 60m -v -run '^TestTheLesson$$' ./cmd/tutor

# Ctrl-C in the middle of every step of every lab. Some four minutes.
lessons: $(DEPS)
	TUTOR_EVERY_STEP=1 go test -count=1 -timeout 30m -v -run '^TestCtrlCInEveryStep$$' ./cmd/tutor

# A box for a room without internet: tutor, the labs, Go and all modules.
BOX := /var/tmp/tutor-box
box:
	sh vagrant/provision.sh machine
	sh vagrant/box.sh $(BOX)

# tutor against crun, runc and a C program that makes the bare calls, and its pulls against skopeo with umoci (and
# podman and docker where they are), in one run, as ratios.
bench: $(DEPS)
	sh vagrant/bench.sh

# Every parser of what a stranger wrote, fed with what the fuzzer makes up.
fuzz:
	sh vagrant/fuzz.sh 20s

# Every solution and every wrong one, graded SEEDS times in peace and SEEDS times beside busy processes: each verdict the same.
SEEDS := 20
flakes: $(DEPS)
	TUTOR_SEEDS=$(SEEDS) go test -count=1 -timeout 8h -parallel 4 -v -run '^TestNoSeedAndNoLoadChangesAVerdict$$' ./labs/grader

# Debian and Ubuntu packages that the tests need.
deps:
	sh vagrant/provision.sh tests

clean:
	rm -f tutor

.PHONY: demo test vm arm64 lesson lessons box bench fuzz flakes deps clean FORCE
FORCE:
