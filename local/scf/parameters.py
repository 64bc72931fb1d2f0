"""What the actions take, as far as the emulator does something with it.

Source: SCF API 2018-04-16, and tccli 3.1.189.1, services/scf/v20180416/api.json, against which a test
holds these tables: names, types and which of them are required.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.cloud.fields import Checker, Field, Table, boolean, choice, group, integer, items, text

MISSING = "MissingParameter"
CODE = "InvalidParameterValue"  # what a value out of range is, where no code is named after its parameter
MAX_INT = 2**63 - 1


def _needed() -> Field:
    return text(missing=MISSING)


_NAMED: Table = {"FunctionName": _needed(), "Namespace": text()}
_CODE: Table = {"ZipFile": text()}
_VARIABLE: Table = {"Key": text(), "Value": text()}
_PUBLIC_NET: Table = {
    "PublicNetStatus": text(missing=MISSING, complain=choice("ENABLE", "DISABLE").complain),
    "EipConfig": group(
        {"EipStatus": text(missing=MISSING, complain=choice("ENABLE", "DISABLE").complain)}
    ),
}
_CONFIGURATION: Table = {
    "Description": text(),
    "MemorySize": integer(0, MAX_INT),
    "Timeout": integer(0, MAX_INT),
    "Runtime": text(),
    "Environment": group({"Variables": items(group(_VARIABLE))}),
    "VpcConfig": group({"VpcId": text(), "SubnetId": text()}),
    "Role": text(),
    "PublicNetConfig": group(_PUBLIC_NET),
    "InitTimeout": integer(3, 300),  # Source: the component scf, docs/configure.md, initTimeout
}
_TRIGGER: Table = {
    **_NAMED,
    "TriggerName": _needed(),
    "Type": _needed(),
    "TriggerDesc": text(),
    "Qualifier": text(),
}
_ADJUSTABLE: Table = {
    "Enable": choice("OPEN", "CLOSE"),
    "CustomArgument": text(),
    "Description": text(),
}
_RETRY: Table = {"RetryNum": integer(0, MAX_INT, missing=MISSING)}
_ASYNC: Table = {
    "RetryConfig": Field("list", MISSING, item=group(_RETRY)),
    "MsgTTL": integer(0, MAX_INT, missing=MISSING),
}

TABLES: Mapping[str, Table] = {
    "CreateFunction": {
        **_NAMED,
        "Code": group(_CODE, missing=MISSING),
        "Handler": text(),
        "Type": choice("Event"),
        **_CONFIGURATION,
    },
    "UpdateFunctionCode": {
        **_NAMED,
        "Handler": text(),
        "Code": group(_CODE),
        "ZipFile": text(),
    },
    "UpdateFunctionConfiguration": {**_NAMED, **_CONFIGURATION, "IgnoreSysLog": boolean()},
    "GetFunction": {
        "FunctionName": text(),
        "Namespace": text(),
        "Qualifier": text(),
        "ShowCode": choice("TRUE", "FALSE"),
    },
    "DeleteFunction": {**_NAMED, "Qualifier": text()},
    "CreateTrigger": {**_TRIGGER, **_ADJUSTABLE},
    "UpdateTrigger": {**_TRIGGER, **_ADJUSTABLE},
    "DeleteTrigger": _TRIGGER,
    "ListTriggers": {**_NAMED, "Offset": integer(0, MAX_INT), "Limit": integer(0, MAX_INT)},
    "PublishVersion": {**_NAMED, "Description": text()},
    "ListVersionByFunction": {
        **_NAMED,
        "Offset": integer(0, MAX_INT),
        "Limit": integer(0, MAX_INT),
        "Order": choice("ASC", "DESC"),
        "OrderBy": choice("AddTime"),
    },
    "GetFunctionAddress": {**_NAMED, "Qualifier": text()},
    "UpdateFunctionEventInvokeConfig": {
        **_NAMED,
        "AsyncTriggerConfig": group(_ASYNC, missing=MISSING),
    },
    "PutReservedConcurrencyConfig": {
        **_NAMED,
        "ReservedConcurrencyMem": integer(0, MAX_INT, missing=MISSING),
    },
    "GetReservedConcurrencyConfig": _NAMED,
    "DeleteReservedConcurrencyConfig": _NAMED,
}
CHECKERS = {action: Checker(table, CODE) for action, table in TABLES.items()}
