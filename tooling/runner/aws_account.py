"""Checks which account the AWS credentials belong to, before anything is sent with them.

The provider checks the account too (`allowed_account_ids`), but only once the engine runs, and once per resource.
"""

from __future__ import annotations

from shared.environment import Environment
from shared.errors import BadInput, Refused


def require_account(environment: Environment) -> None:
    """Asks STS for the account of the credentials. Not with a deploy role: its account decides, not the caller's.

    Raises:
        BadInput: `credentials-missing`, `credentials-unusable`. Refused: `account-wrong`.
    """
    if environment.deploy_role_arn:
        return
    # Slow to import, and not needed on the lane.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    brief = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    hint = f"sign in to account {environment.account}, e.g. `aws sso login`, and see: aws sts get-caller-identity"
    where = f"AWS credentials for environment {environment.name}"
    try:
        sts = boto3.Session().client("sts", region_name=environment.region, config=brief)
        account = sts.get_caller_identity()["Account"]
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise BadInput("credentials-missing", "no AWS credentials were found", at=where, hint=hint) from error
    except (BotoCoreError, ClientError) as error:
        said = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        raise BadInput(
            "credentials-unusable",
            f"the account of the credentials cannot be determined: {said or type(error).__name__}",
            at=where,
            hint=hint,
        ) from error
    if account != environment.account:
        raise Refused(
            "account-wrong",
            f"the credentials belong to account {account}, but environment {environment.name} is in "
            f"{environment.account}",
            at=where,
            hint=hint,
        )
