#!/usr/bin/env bash
# Creates the EKS cluster "dawn" with eksctl, after it has asked. `--print` shows the configuration and does nothing.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

case "${1:-}" in
"" | --yes | --print) ;;
*) fail usage "unknown option $1" "$0 [--print | --yes]" ;;
esac

require_variables PLATFORM_ACCOUNT_ID AWS_REGION ADMIN_ROLE_ARN SECRETS_KEY_ARN ENDPOINT_CIDR
[ "$ENDPOINT_CIDR" != 0.0.0.0/0 ] ||
  fail endpoint-open-to-everybody "ENDPOINT_CIDR is the whole internet" "export ENDPOINT_CIDR=<the range that you connect from>"

config=$(<dawn-cluster.yaml)
for name in AWS_REGION ENDPOINT_CIDR ADMIN_ROLE_ARN SECRETS_KEY_ARN; do
  config=${config//"\$$name"/"${!name}"}
done
if [ "${1:-}" = --print ]; then
  printf '%s\n' "$config"
  exit
fi

require_programs eksctl aws
require_account
if aws eks describe-cluster --name "$CLUSTER" --region "$AWS_REGION" >/dev/null 2>&1; then
  fail cluster-exists "cluster $CLUSTER exists in $AWS_REGION already" "infrastructure/manual/delete-dawn-cluster.sh"
fi

cat >&2 <<END
This creates cluster $CLUSTER in account $PLATFORM_ACCOUNT_ID, $AWS_REGION. AWS bills for it until it is deleted:
  a control plane, two m7i.large nodes, a NAT gateway in each zone, logs for 90 days
It takes about 20 minutes. infrastructure/manual/delete-dawn-cluster.sh deletes it.
END
confirm "${1:-}"
# The kubeconfig of whoever runs this stays as it is.
eksctl create cluster --config-file - --write-kubeconfig=false <<<"$config"
printf 'created; next: infrastructure/manual/README.md\n' >&2
