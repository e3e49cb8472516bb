"""The only two functions that create providers.

Default providers are disabled in every `Pulumi.yaml`: a resource without one of these is an error before it reaches any
account or cluster, since explicit providers do not read `aws:*` configuration and an empty kubeconfig would silently
select whatever cluster the operator's own kubeconfig names.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from shared.environment import Environment
from shared.program_errors import ProgramInputError
from shared.tags import standard_tags


def aws_provider(environment: Environment) -> aws.Provider:
    """The AWS provider of the running project: account guard, role, default tags.

    Its endpoint is AWS's own unless the standard variable `AWS_ENDPOINT_URL` is set, which plug-in and CLI both obey.
    """
    flags = environment.aws
    return aws.Provider(
        "aws",
        region=environment.region,
        allowed_account_ids=[environment.account],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=environment.deploy_role_arn)]
        if environment.deploy_role_arn
        else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=standard_tags(environment, project=pulumi.get_project())),
        # Set explicitly: by default the SDK skips region validation.
        s3_use_path_style=flags.s3_use_path_style,
        skip_credentials_validation=flags.skip_credentials_validation,
        skip_metadata_api_check=flags.skip_metadata_api_check,
        skip_region_validation=flags.skip_region_validation,
    )


def kubernetes_provider(
    *, kubeconfig: pulumi.Output[str], cluster_arn: pulumi.Output[str], context: pulumi.Output[str]
) -> kubernetes.Provider:
    """The Kubernetes provider of the running project.

    `cluster_identifier` is the cluster's ARN: without it, any change of the kubeconfig would replace the provider and
    all of its resources.

    Values that the program sets override changes made in the cluster, in previews and updates. Without
    `enable_patch_force`, a preview fails with a conflict after a `kubectl edit` that the update would overwrite, and an
    update fails after `kubectl scale` or an edit by another tool.

    Raises:
        ProgramInputError: `kubeconfig-empty`, once the value is known.
    """
    return kubernetes.Provider(
        "kubernetes",
        kubeconfig=kubeconfig.apply(_not_empty),
        cluster_identifier=cluster_arn,
        context=context,
        enable_server_side_apply=True,
        enable_patch_force=True,
    )


def _not_empty(kubeconfig: str) -> str:
    if not kubeconfig.strip():
        raise ProgramInputError(
            "kubeconfig-empty",
            "the kubeconfig of the tier above is empty, which would select the operator's own cluster",
            at="shared/providers.py, kubernetes_provider",
            hint="deploy the tier above again, then retry",
        )
    return kubeconfig
