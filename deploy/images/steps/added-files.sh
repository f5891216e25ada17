# added-files.sh INTO PACKAGE…: installs Debian's packages and copies the files that this added or changed below INTO, from where an image
# takes them that has no apt of its own.
set -eu
into=$1
shift
touch /before
sleep 1 # a file's time of change has no finer grain on every file system
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
dpkg --purge --force-depends --force-remove-essential --force-remove-protected apt libapt-pkg6.0 >/dev/null # as in trim.sh
mkdir "$into"
cd /
# Dates of change and not of the contents, because dpkg keeps those of the package. /usr holds everything but settings and the record.
find etc usr var/lib/dpkg -xdev -cnewer /before \( -type f -o -type l \) \
  ! -path 'etc/apt/*' ! -path 'etc/resolv.conf' ! -path 'etc/host*' ! -path 'usr/share/doc/*/changelog*' ! -path 'usr/share/man/*' \
  ! -path 'usr/share/locale/*' ! -path 'usr/share/lintian/*' ! -path 'usr/share/bug/*' ! -name '*-old' -print0 |
  tar --create --null --files-from - | tar --extract --directory "$into"
rm /before
