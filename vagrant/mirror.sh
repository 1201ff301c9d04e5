#!/bin/sh
# Where this machine gets Debian's packages from; on another system, where everybody may.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -1)
echo "${mirror:-http://deb.debian.org/debian}"
