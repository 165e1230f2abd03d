"""FluentBit: the forwarder's configuration as text: the stack's log lines in, records of the table's columns out. Pure.

A line passes: the file that the container runtime writes, which is put together from its parts; the pod's labels; the
JSON of our services, whose time becomes the record's; and one script, after which there is nothing but columns.
"""

from __future__ import annotations

from typing import Final

from infra.cloud.logs import COLUMNS, HEARTBEAT_MINUTES, TABLE

PORT: Final = 2020
FOLDER: Final = "/fluent-bit/settings"
"""Where these files are in the container."""
BUFFER: Final = "/buffer"
"""Where it keeps what is not sent, and how far it has read."""
POD_LOGS: Final = "/var/log/pods"
CONTAINER_LOGS: Final = "/var/log/containers"
"""Links into the pods' logs that bear pod, namespace and container in their names."""

TIME_COLUMN: Final = "TimeGenerated"
REST_COLUMN: Final = "extra"
HEARTBEAT_SECONDS: Final = HEARTBEAT_MINUTES * 60 // 2
"""Twice as often as it is missed."""


class Key:
    """Environment keys that the configuration reads; values are never written into it."""

    TENANT_ID: Final = "AZURE_TENANT_ID"
    CLIENT_ID: Final = "AZURE_CLIENT_ID"
    CLIENT_SECRET: Final = "AZURE_CLIENT_SECRET"  # noqa: S105  (the key's name)
    ENDPOINT: Final = "LOG_ENDPOINT"
    RULE: Final = "LOG_RULE"
    POD_NAME: Final = "POD_NAME"
    NAMESPACE: Final = "NAMESPACE"


def files(namespace: str, buffer_gi: int) -> dict[str, str]:
    """The files by their names. `namespace`: whose pods' lines are sent, and no others, not even its own."""
    return {
        "fluent-bit.conf": _CONFIGURATION.format(
            folder=FOLDER,
            port=PORT,
            buffer=BUFFER,
            buffer_gi=buffer_gi,
            logs=CONTAINER_LOGS,
            namespace=namespace,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            table=TABLE,
            time_column=TIME_COLUMN,
            **{f"env_{name.lower()}": f"${{{key}}}" for name, key in vars(Key).items() if name.isupper()},
        ),
        "parsers.conf": _PARSERS,
        "columns.lua": _COLUMNS_SCRIPT.format(
            columns=", ".join(f"{name} = true" for name, kind in COLUMNS.items() if kind == "string"),
            rest=REST_COLUMN,
        ),
    }


_CONFIGURATION = """\
[SERVICE]
    Flush                      5
    Grace                      20
    Daemon                     Off
    Log_Level                  warn
    Parsers_File               {folder}/parsers.conf
    HTTP_Server                On
    HTTP_Listen                0.0.0.0
    HTTP_Port                  {port}
    Health_Check               On
    storage.path               {buffer}/chunks
    storage.sync               normal
    storage.checksum           On
    storage.max_chunks_up      32
    storage.backlog.mem_limit  16M
    scheduler.base             5
    scheduler.cap              300

[INPUT]
    Name              tail
    Tag               kube.*
    Path              {logs}/*_{namespace}_*.log
    multiline.parser  cri
    DB                {buffer}/positions.db
    DB.locking        On
    Read_from_Head    On
    Skip_Long_Lines   On
    Buffer_Max_Size   256K
    Refresh_Interval  5
    Rotate_Wait       30
    storage.type      filesystem

[INPUT]
    Name              dummy
    Tag               heartbeat
    Dummy             {{"level":"INFO","logger":"heartbeat","message":"the log forwarder is at work",\
"service":"log-forwarder","pod_name":"{env_pod_name}","namespace":"{env_namespace}"}}
    Interval_Sec      {heartbeat_seconds}
    Flush_On_Startup  On
    storage.type      filesystem

[FILTER]
    Name                 kubernetes
    Match                kube.*
    Kube_Tag_Prefix      kube.var.log.containers.
    Kube_URL             https://kubernetes.default.svc:443
    Merge_Log            Off
    Labels               On
    Annotations          Off
    Buffer_Size          256K

[FILTER]
    Name          parser
    Match         kube.*
    Key_Name      log
    Parser        service_line
    Reserve_Data  On

[FILTER]
    Name    lua
    Match   *
    script  {folder}/columns.lua
    call    columns

[OUTPUT]
    Name                      azure_logs_ingestion
    Match                     *
    tenant_id                 {env_tenant_id}
    client_id                 {env_client_id}
    client_secret             {env_client_secret}
    dce_url                   {env_endpoint}
    dcr_id                    {env_rule}
    table_name                {table}
    time_key                  {time_column}
    time_generated            On
    compress                  On
    Retry_Limit               no_limits
    storage.total_limit_size  {buffer_gi}G
"""

_PARSERS = """\
[PARSER]
    Name         service_line
    Format       json
    Time_Key     timestamp
    Time_Format  %Y-%m-%dT%H:%M:%S.%L%z
    Time_Keep    Off
"""

_COLUMNS_SCRIPT = """\
-- A record in the table's columns; its time is beside it. Of our services the keys are columns already, and what is
-- none goes into {rest}. A line that is no JSON, such as a gateway's, is its own message.
local is_column = {{ {columns} }}
local of_the_runtime = {{ log = true, stream = true, time = true, _p = true, kubernetes = true }}

local function text(value)
  if value == nil or type(value) == "string" then
    return value
  end
  return tostring(value)
end

function columns(tag, timestamp, record)
  local pod = record.kubernetes or {{}}
  local labels = pod.labels or {{}}
  local found, rest = {{}}, {{}}
  for key, value in pairs(record) do
    if is_column[key] then
      found[key] = text(value)
    elseif not of_the_runtime[key] then
      rest[key] = value
    end
  end
  found.message = found.message or (text(record.log) or ""):gsub("%s+$", "")
  found.level = found.level or (record.stream == "stderr" and "WARNING" or "INFO")
  found.service = found.service or labels.app or pod.container_name
  found.pod_name = found.pod_name or pod.pod_name
  found.namespace = found.namespace or pod.namespace_name
  if next(rest) ~= nil then
    found.{rest} = rest
  end
  return 2, timestamp, found
end
"""
