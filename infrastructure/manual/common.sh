# Shared by the scripts of this directory, which source it.
# shellcheck shell=bash

readonly CLUSTER=dawn

fail() {
  printf 'error[%s]: %s\nhint: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

# Every program that the caller needs.
require_programs() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || fail program-missing "$program is not on PATH" "install $program"
  done
}

# Every variable that the caller needs, by name.
require_variables() {
  local name
  for name in "$@"; do
    [ -n "${!name:-}" ] || fail variable-missing "$name is not set" "export $name=…; infrastructure/manual/README.md lists the variables"
  done
}

# Refuses credentials of another account than the one that was meant.
require_account() {
  local account
  account=$(aws sts get-caller-identity --query Account --output text) ||
    fail credentials-unusable "AWS does not accept the credentials" "sign in, e.g. aws sso login"
  [ "$account" = "$PLATFORM_ACCOUNT_ID" ] ||
    fail wrong-account "the credentials are of account $account, not of $PLATFORM_ACCOUNT_ID" "sign in to $PLATFORM_ACCOUNT_ID"
}

# Asks for the cluster's name, unless the first argument is --yes; refuses if there is nobody to ask.
confirm() {
  local answer
  [ "${1:-}" = --yes ] && return
  [ -t 0 ] || fail confirmation-missing "nobody can be asked for a confirmation" "$0 --yes"
  printf 'Type the name of the cluster to continue: ' >&2
  read -r answer
  [ "$answer" = "$CLUSTER" ] || fail not-confirmed "the answer was not $CLUSTER; nothing was changed" "$0"
}
