#!/usr/bin/env bash
# Builds server and operator for arm64 on a machine of another kind, and runs a few of the tests against them under emulation:
# sign-up and sign-in, writes, reads, TLS, a backup, and the operator between that server and a real kube-apiserver.
#
# It needs root and Debian's packages. Debian sid has a cross compiler with the Rust to match; it lives in a directory of its
# own in the cache, as does what is built, so that a second run is quick. Its mounts are in a namespace that ends with the
# build.
#
# The programs are built without link-time optimization and in parallel units, which takes a third of the time: what this is
# about is whether they work there, and those that are released are built on arm64 itself.
#
# Exit codes: 0 passed · 1 failed · 3 something is missing that is not ours to install
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly TARGET=aarch64-unknown-linux-gnu
readonly SUITE=sid
readonly COMPILERS="rustc cargo gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev:arm64 libgcc-s1:arm64 libstd-rust-dev:arm64"
# APT_OPTIONS="-o Acquire::Check-Valid-Until=false" for a mirror that lags behind.
readonly APT_GET="apt-get ${APT_OPTIONS:-}"
readonly SERVER_TESTS="
  onboarding::the_first_user_is_made_once_only_even_in_a_race
  onboarding::somebody_signs_in_with_basic_and_keeps_their_other_sessions
  secrets::a_config_takes_over_what_it_inherits_and_says_where_each_value_is_from
  secrets::many_changes_are_one_revision_and_all_or_nothing
  secrets::an_env_file_goes_in_and_comes_out_with_the_same_values
  tokens::a_service_token_reads_what_it_is_for_and_nothing_else
  watch::a_stream_begins_with_every_revision_and_goes_on_with_each_change
  tls::a_new_certificate_is_taken_up_and_open_connections_keep_theirs
  backup::restoring::everything_is_there_after_a_restore_and_the_tokens_of_before_are_dead
  audit_command::what_was_not_touched_is_found_to_be_as_it_was_written"
readonly OPERATOR_TESTS="
  sync::a_change_is_pushed_to_the_secret
  sync::a_deleted_key_leaves_the_secret
  sync::a_renamed_target_is_moved
  drift::an_edited_secret_is_repaired"

readonly cache="${XDG_CACHE_HOME:-$HOME/.cache}/simple-secrets-manager/arm64"
readonly chroot="$cache/$SUITE"
readonly built="$cache/target/$TARGET/release"
readonly programs="$cache/programs"
cargo_home=${CARGO_HOME:-$HOME/.cargo}
readonly cargo_home

say() { printf 'arm64: %s\n' "$*" >&2; }

install_emulator() {
  if command -v debootstrap >/dev/null && command -v qemu-aarch64-static >/dev/null; then return; fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say "debootstrap or qemu-aarch64-static is missing. On Debian: apt-get install debootstrap qemu-user-static"
    exit 3
  fi
  say "installing debootstrap and qemu-user-static, once"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends debootstrap qemu-user-static >&2
}

# in_chroot [--source] COMMAND…: runs a command with sid as the root. With --source, the project is at /src, where it cannot
# be written to, what is built at /target, and the crates that cargo has fetched at /cargo.
in_chroot() {
  local root=$chroot source=
  if [ "$1" = --source ]; then source=$PWD; shift; fi
  # shellcheck disable=SC2016 # the inner shell expands them
  ROOT=${unfinished:-$root} SOURCE=$source CARGO_CACHE=$cargo_home BUILT=$cache/target \
    unshare --mount --propagation private bash -euo pipefail -c '
      mount -t proc proc "$ROOT/proc"
      mount --rbind /dev "$ROOT/dev"
      if [ -n "$SOURCE" ]; then
        mkdir -p "$ROOT/src" "$ROOT/target" "$ROOT/cargo"
        mount --bind "$SOURCE" "$ROOT/src"
        mount -o remount,bind,ro "$ROOT/src"
        mount --bind "$BUILT" "$ROOT/target"
        mount --bind "$CARGO_CACHE" "$ROOT/cargo"
      fi
      exec chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
    ' in_chroot "$@"
}

unfinished=
clean_up() { if [ -n "$unfinished" ]; then rm -rf --one-file-system "$unfinished"; fi; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

make_chroot() {
  if [ -d "$chroot" ]; then return; fi
  local log=$cache/chroot.log
  say "making a Debian $SUITE with a cross compiler in $chroot, once"
  unfinished="$cache/.$SUITE.$$"
  # shellcheck disable=SC2086 # a list of words
  {
    debootstrap --variant=minbase "$SUITE" "$unfinished" \
      && cp /etc/resolv.conf "$unfinished/etc/resolv.conf" \
      && in_chroot dpkg --add-architecture arm64 \
      && in_chroot $APT_GET update -qq \
      && in_chroot env DEBIAN_FRONTEND=noninteractive $APT_GET install -qq --no-install-recommends $COMPILERS \
      && in_chroot apt-get clean
  } >"$log" 2>&1 || { tail -n 20 "$log" >&2; say "making it failed; all of its output is in $log"; exit 1; }
  mv "$unfinished" "$chroot"
  unfinished=
  say "it is ready after $SECONDS s"
}

build() {
  local started=$SECONDS
  mkdir -p "$cache/target"
  # Fetched outside, so that the build needs no network.
  cargo fetch --quiet --locked --target "$TARGET"
  say "building with $(in_chroot rustc --version)"
  in_chroot --source env \
    CARGO_HOME=/cargo CARGO_TARGET_DIR=/target CARGO_INCREMENTAL=0 \
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
    cargo build --quiet --offline --locked --release --target "$TARGET" \
    --manifest-path /src/Cargo.toml --package ssm-server --package ssm-operator
  say "server and operator are built after $((SECONDS - started)) s"
}

# What the tests start under the programs' names: the emulator with the real ones.
write_programs() {
  local name
  mkdir -p "$programs"
  for name in ssm-server ssm-operator; do
    printf '#!/bin/sh\nexec qemu-aarch64-static -L "%s" "%s" "$@"\n' "$chroot" "$built/$name" >"$programs/$name"
    chmod +x "$programs/$name"
    # The machine that an ELF file is for.
    if [ "$(od --address-radix=n --format=x1 --skip-bytes=18 --read-bytes=2 "$built/$name")" != ' b7 00' ]; then
      say "$built/$name is not for arm64"
      exit 1
    fi
    say "$("$programs/$name" --version) is for arm64, $(du --block-size=M "$built/$name" | cut -f1)"
  done
}

run_tests() {
  # shellcheck disable=SC2086 # lists of words
  {
    TEST_BINARIES=$programs cargo test --quiet --workspace --test server -- --exact $SERVER_TESTS
    TEST_BINARIES=$programs cargo test --quiet --workspace --test operator -- --exact $OPERATOR_TESTS
  }
}

install_emulator
mkdir -p "$cache"
make_chroot
if [ "${1:-}" = --chroot-only ]; then exit 0; fi
make web >/dev/null
build
write_programs
tests/tools/build.sh >/dev/null
run_tests
say "passed after $SECONDS s"
