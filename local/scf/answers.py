"""What the API tells of functions and triggers.

Source: SCF API 2018-04-16, and tccli 3.1.189.1, services/scf/v20180416/api.json and examples.json, against
which a test holds these shapes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from local.host.scf_runtime import APP_ID, REGION, UIN
from local.scf.functions import Function
from local.scf.triggers import Trigger

BEIJING = timezone(timedelta(hours=8))
# What the emulator has nothing of, as SCF's own example tells of it.
EMPTY: Mapping[str, object] = {
    "CodeInfo": "",
    "CodeResult": "success",
    "CodeError": "",
    "ErrNo": 0,
    "UseGpu": "FALSE",
    "InstallDependency": "FALSE",
    "ClsLogsetId": "",
    "ClsTopicId": "",
    "Tags": [],
    "EipConfig": {"EipFixed": "FALSE", "Eips": []},
    "AccessInfo": {"Host": "", "Vip": ""},
    "Type": "Event",
    "L5Enable": "FALSE",
    "Layers": [],
    "DeadLetterConfig": {"Type": "", "Name": "", "FilterType": ""},
    "OnsEnable": "FALSE",
    "CfsConfig": {"CfsInsList": []},
    "AvailableStatus": "Available",
    "AsyncRunEnable": "FALSE",
    "TraceEnable": "FALSE",
    "ImageConfig": None,
    "ProtocolType": "",
    "ProtocolParams": None,
    "InstanceConcurrencyConfig": None,
    "DnsCache": "FALSE",
    "IntranetConfig": None,
}


def describe_function(function: Function, triggers: list[dict[str, object]]) -> dict[str, object]:
    """The answer of GetFunction."""
    handler, code, configuration = function.build
    vpc_id, subnet_id = configuration.vpc
    variables = [{"Key": name, "Value": value} for name, value in configuration.environment.items()]
    return {
        **EMPTY,
        "FunctionName": function.name,
        "FunctionId": function.id,
        "FunctionVersion": "$LATEST",
        "Qualifier": "$LATEST",
        "Namespace": "default",
        "Description": configuration.description,
        "Handler": handler,
        "CodeSize": code.size,
        "Runtime": configuration.runtime,
        "MemorySize": configuration.memory_mb,
        "Timeout": configuration.timeout_s,
        "InitTimeout": configuration.init_timeout_s,
        "Role": configuration.role,
        "Environment": {"Variables": variables},
        "VpcConfig": {"VpcId": vpc_id, "SubnetId": subnet_id},
        "PublicNetConfig": describe_public_net(open_=configuration.public_net),
        "Status": function.status,
        "StatusDesc": function.reason.message if function.reason else "",
        "StatusReasons": describe_reasons(function),
        "Triggers": triggers,
        "AddTime": write_time(function.added_ms),
        "ModTime": write_time(function.modified_ms),
    }


def describe_reasons(function: Function) -> list[dict[str, str]]:
    """Why the last change failed; nothing where it did not."""
    reasons = [function.reason] if function.reason else []
    return [{"ErrorCode": one.code, "ErrorMessage": one.message} for one in reasons]


def describe_public_net(*, open_: bool) -> dict[str, object]:
    """A PublicNetConfigOut, without an address of one's own."""
    status = "ENABLE" if open_ else "DISABLE"
    return {
        "PublicNetStatus": status,
        "EipConfig": {"EipStatus": "DISABLE", "EipAddress": []},
    }


def describe_trigger(function: Function, trigger: Trigger, url: str) -> dict[str, object]:
    """A Trigger, and a TriggerInfo; `url` is its address, empty before there is one."""
    resource = f"qcs::scf:{REGION}:uin/{UIN}:function/{function.name}/{trigger.name}"
    return {
        "TriggerName": trigger.name,
        "Type": trigger.kind,
        "TriggerDesc": json.dumps(describe_details(trigger, url), separators=(",", ":")),
        "Enable": int(trigger.is_open),
        "Qualifier": trigger.qualifier,
        "CustomArgument": trigger.argument,
        "Description": trigger.remark,
        "AvailableStatus": "Available",
        "BindStatus": "on",
        "TriggerAttribute": "single",
        "ResourceId": resource,
        "AddTime": write_time(trigger.added_ms),
        "ModTime": write_time(trigger.modified_ms),
    }


def describe_details(trigger: Trigger, url: str) -> dict[str, Any]:
    """What stands in TriggerDesc: of a function URL its addresses too, those it has not empty."""
    if trigger.kind != "http":
        return dict(trigger.description)
    net = trigger.description["NetConfig"]
    outer = url if net["EnableExtranet"] else ""
    host = f"{APP_ID}-{trigger.url_id}.in.{REGION}.tencentscf.com"
    inner = f"https://{host}" if net["EnableIntranet"] and url else ""
    addresses = {
        "IntranetUrl": inner,
        "IntranetHTTPUrl": inner.replace("https:", "http:"),
        "ExtranetUrl": outer,
        "ExtranetHTTPUrl": outer,
        **dict.fromkeys(("WssIntranetUrl", "WsIntranetUrl", "WssExtranetUrl", "WsExtranetUrl"), ""),
    }
    return {**trigger.description, "NetConfig": {**net, **addresses}}


def write_time(ms: int) -> str:
    """A time as SCF writes it: Beijing's, to the second."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
