#!/bin/sh
# Writes $1, a tar: a root with JupyterLab and the classic notebook from Debian's packages, which are unpacked and not
# installed. Debian 13 is the first that has JupyterLab. What only builds extensions of it (node) is thrown away:
# a gigabyte. Nothing runs the packages' scripts, so what they would have made is made here.
set -eu
export here=$(cd "$(dirname "$0")" && pwd)
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -1)
mmdebstrap --quiet --variant=extract --extract-hook='
	cd "$1"
	rm -rf usr/share/nodejs usr/share/doc usr/share/man usr/share/locale usr/share/perl usr/lib/*/perl usr/share/perl5 usr/lib/*/nodejs usr/lib/*/libnode.so* \
		usr/lib/git-core usr/include usr/bin/node usr/bin/nodejs usr/bin/gdb usr/bin/esbuild usr/lib/*/*.a
	find usr/bin -xtype l -delete
	cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
	printf "root:x:0:0:root:/root:/bin/bash\njovyan:x:1000:100::/home/jovyan:/bin/bash\n" >etc/passwd
	printf "root:x:0:\nusers:x:100:\n" >etc/group
	install -d -o 1000 -g 100 home/jovyan
	install -D "$here/start-notebook.sh" usr/local/bin/start-notebook.sh
	chroot . python3 -m compileall -q /usr/lib/python3 /usr/lib/python3.13 >/dev/null || true # of the tests for syntax errors
' --include=jupyterlab,jupyter-notebook,python3-ipykernel,bash,dash,coreutils,util-linux,sed,grep,tini,ca-certificates \
	trixie "$1" "deb ${mirror:-http://deb.debian.org/debian} trixie main"
