# Sourced by the checks of a whole gateway in the virtual machine: says where everything is and begins the
# folder of what the machine is given, with the program that the check was called with. Ends the check where
# there is no machine.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
vm=${TIDEGATE_SHARED:-$root/../shared}/gpio-vm
program=${1:-$root/.build/release/tidegate}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -x "$vm/run.sh" ] || {
    echo "skipped: no simulated hardware in $vm"
    exit 0
}
mkdir "$work/payload"
cp "$program" "$work/payload/tidegate"
cp "$here/guest-gateway.sh" "$work/payload"

# compile NAME: a small program of this folder, for the machine
compile() {
    cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 "$here/$1.c" -o "$work/payload/$1"
}
