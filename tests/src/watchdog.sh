# Runs a program that must not outlive the process which started this script:  watchdog.sh LOG PROGRAM [ARG...]
#
# stdin   a pipe from that process. A line names a signal for the program. When the pipe closes, because that process is
#         gone however it ended, the program is killed.
# stdout  one line, the program's process id.
log=$1
shift
exec 3<&0
{ exec "$@" </dev/null >>"$log" 2>&1 3<&-; } &
child=$!
{
  while read -r signal <&3; do kill -"$signal" "$child" 2>/dev/null; done
  kill -KILL "$child" 2>/dev/null
} >/dev/null &
keeper=$!
echo "$child"
exec >/dev/null 3<&-
wait "$child"
status=$?
kill -KILL "$keeper" 2>/dev/null
exit "$status"
