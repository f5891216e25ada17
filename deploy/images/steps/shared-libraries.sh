# shared-libraries.sh INTO PACKAGE LIBRARY: installs a package of Debian and copies a library of it, and those that this one loads and the
# base does not have, below INTO. The package's other dependencies (a video driver and a compiler, for OpenCV's) are loaded by nobody.
set -eu
into=$1 package=$2 library=$3
touch /before
sleep 1 # a file's time of change has no finer grain on every file system
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
mkdir -p "$into/var/lib/dpkg"
start=$(find /usr/lib -name "$library" | head -n 1)
for path in "$start" $(ldd "$start" | awk '$2 == "=>" { print $3 }'); do
  real=$(realpath "$path")
  # The time of change and not that of the contents, because dpkg keeps the latter from the package.
  [ -n "$(find "$real" -cnewer /before)" ] || continue
  directory=$(realpath "$(dirname "$path")")
  mkdir -p "$into$directory"
  cp --dereference "$path" "$into$directory/"
  owner=$(dpkg-query --search "$real" | cut -d: -f1)
  echo "$owner" >> /owners
  mkdir -p "$into/usr/share/doc/$owner"
  cp "/usr/share/doc/$owner/copyright" "$into/usr/share/doc/$owner/"
done
# The record of packages as the image has it: that of the base, and those that a library was copied from.
awk 'BEGIN { RS = ""; ORS = "\n\n"; while ((getline name < "/owners") > 0) owners[name] = 1 } $2 in owners' /var/lib/dpkg/status > /added-packages
cat /base-packages /added-packages > "$into/var/lib/dpkg/status"
