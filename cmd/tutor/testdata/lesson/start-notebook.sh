#!/bin/sh
# What the image runs. Its user is jovyan; a container that is started as root (--user root) may first give the home
# directory to jovyan, who could not write in a volume of root's, and then goes on as jovyan all the same.
#   JUPYTER_TOKEN        the password; Jupyter itself reads it, and makes one up without it
#   JUPYTER_ENABLE_LAB   yes: JupyterLab, else the classic notebook
#   CHOWN_HOME           yes: /home/jovyan becomes jovyan's
#   CHOWN_HOME_OPTS      options for that chown: -R
set -eu
yes() { case ${1:-} in 1 | y | yes | true) ;; *) return 1 ;; esac }

if [ "$(id -u)" = 0 ]; then
	if yes "${CHOWN_HOME:-}"; then
		echo "Changing ownership of /home/jovyan to 1000:100 with options '${CHOWN_HOME_OPTS:-}'"
		chown ${CHOWN_HOME_OPTS:-} 1000:100 /home/jovyan
	fi
	echo "Running as jovyan"
	export HOME=/home/jovyan USER=jovyan
	exec setpriv --reuid=1000 --regid=100 --init-groups "$0" "$@"
fi

cd /home/jovyan
page=notebook
if yes "${JUPYTER_ENABLE_LAB:-}"; then
	page=lab
fi
exec "jupyter-$page" --ip=0.0.0.0 --port=8888 --no-browser "$@"
