#!/usr/bin/env bash
# Deletes the EKS cluster "dawn" with its nodes and its VPC, after it has asked.
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

case "${1:-}" in
"" | --yes) ;;
*) fail usage "unknown option $1" "$0 [--yes]" ;;
esac

require_variables PLATFORM_ACCOUNT_ID AWS_REGION
require_programs eksctl aws
require_account
# A load balancer in the VPC keeps it from being deleted, after everything else is gone.
vpc=$(aws eks describe-cluster --name "$CLUSTER" --region "$AWS_REGION" --query cluster.resourcesVpcConfig.vpcId --output text) ||
  fail cluster-missing "there is no cluster $CLUSTER in $AWS_REGION" "check AWS_REGION"
balancers=$(aws elbv2 describe-load-balancers --region "$AWS_REGION" --query "LoadBalancers[?VpcId=='$vpc'].LoadBalancerName" --output text)
[ -z "$balancers" ] ||
  fail cluster-in-use "load balancers are still in its VPC: $balancers" "delete the applications, and wait until their load balancers are gone"

printf 'This deletes cluster %s in account %s, %s, with everything that runs on it.\n' "$CLUSTER" "$PLATFORM_ACCOUNT_ID" "$AWS_REGION" >&2
confirm "${1:-}"
eksctl delete cluster --name "$CLUSTER" --region "$AWS_REGION" --wait
