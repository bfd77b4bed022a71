# Exports changed zones, activates keys, and pushes pending changes.  Prints nothing on success.
# Under systemd, mailauthctl.timer does the same.
PATH=/usr/sbin:/usr/bin:/sbin:/bin

*/5 * * * *  root  [ -d /run/systemd/system ] || [ ! -x /usr/sbin/mailauthctl ] || { mailauthctl zone export --all; mailauthctl mta push --quiet --scheduled; }
