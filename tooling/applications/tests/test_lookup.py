"""An application is found by its name, in the environments of its tenant."""

from __future__ import annotations

import pytest

from shared.errors import BadInput
from tooling.applications.lookup import application_stack, model_of, tenant_stack_of
from tooling.runner.graph import StackId


def test_an_application_has_one_stack_in_each_environment_of_its_tenant() -> None:
    for environment in ("local", "dev", "staging", "prod"):
        stack = application_stack("demo", environment)
        assert (str(stack), stack.tenant) == (f"demo/{environment}", "tenant-a")
        assert str(tenant_stack_of(stack)) == f"tenants/{environment}.tenant-a"
        assert model_of(stack).__name__ == "DemoSettings"


@pytest.mark.parametrize("name", ["dmeo", "../demo", ""])
def test_an_unknown_application_is_refused_with_the_nearest(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        application_stack(name, "dev")
    assert refused.value.code == "application-unknown"
    assert ('did you mean "demo"?' in refused.value.what) == (name != "")
    assert refused.value.hint == "use one of: demo"


def test_a_project_without_a_model_of_application_settings_is_refused() -> None:
    tenants = StackId(tier="tenants", project="tenants", stack="dev.a", directory="tenants", environment="dev")
    with pytest.raises(BadInput) as refused:
        model_of(tenants)
    assert refused.value.code == "settings-model-missing"
    assert refused.value.at == "tenants/settings.py"
