/dev/fd/3: line 168: tutor: command not found
