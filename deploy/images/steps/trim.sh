# Leaves of the base what programs run on: no npm, no yarn, no headers, no apt. The record of Debian's packages stays, for scanners.
set -eu
rm -rf /usr/local/lib/node_modules /usr/local/include /usr/local/share /usr/local/CHANGELOG.md /usr/local/README.md /opt/yarn* /root/.npm /steps
find /usr/local/bin -mindepth 1 ! -name node -delete
dpkg --purge --force-depends --force-remove-essential --force-remove-protected apt libapt-pkg6.0 >/dev/null
rm -rf /etc/apt /var/lib/apt /var/cache/apt /var/log/* /tmp/* /var/tmp/*
rm -rf /usr/share/doc-base /usr/share/locale /usr/share/man /usr/share/info
find /usr/share/doc -type f ! -name copyright -delete
find /usr/share/doc -type d -empty -delete
find / -xdev -perm /6000 -type f -exec chmod ug-s {} +
mkdir /app # else WORKDIR makes it, as the user's own
echo 'facehash:x:10001:10001::/nonexistent:/usr/sbin/nologin' >> /etc/passwd
echo 'facehash:x:10001:' >> /etc/group
