"""Writes genuine GridWorks messages for our decoders, and shows ours to the genuine ones.

    gridworks-codec.py write FILE     one JSON object a line: topic, payload, type
    gridworks-codec.py check FILE     the same of ours; a line each with what came of it
"""

import json
import os
import sys
import typing
import uuid
from collections import Counter

import gwsproto.named_types as scada
from gwproactor.codecs import ProactorCodec
from gwproactor.message import DBGCommands, DBGEvent, DBGPayload
from gwproto import Message, MQTTTopic, messages as m

sys.path.insert(0, os.path.join(os.environ["TIDEGATE_SHARED"], "peers", "gridworks"))
from peer import ScadaCodec  # noqa: E402

PARENT, CHILD = "d1.isone.ct.newhaven.orange1", "d1.isone.ct.newhaven.orange1.scada"
INSTANCE = "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"
NOW = 1795225230003


def new_id() -> str:
    return str(uuid.uuid4())


def line(src: str, dst: str, payload: typing.Any, ack: bool = False) -> str:
    """A message as a genuine proactor publishes it."""
    message = Message(Src=src, Dst=dst, Payload=payload, AckRequired=ack)
    if not message.Header.MessageId and not isinstance(payload, m.Ack):
        message.Header.MessageId = new_id() if ack else ""
    topic = MQTTTopic.encode("gw", src, dst, message.Header.MessageType)
    return json.dumps(
        {"topic": topic, "payload": message.model_dump_json(), "type": payload.TypeName})


def event(name: str, handle: str) -> scada.FsmEvent:
    return scada.FsmEvent(
        FromHandle=handle.rsplit(".", 1)[0], ToHandle=handle, EventType="change.relay.state",
        EventName=name, TriggerId=new_id(), SendTimeUnixMs=NOW)


def analog(handle: str) -> scada.AnalogDispatch:
    return scada.AnalogDispatch(
        FromHandle=handle.rsplit(".", 1)[0], ToHandle=handle, AboutName="dist-010v", Value=30,
        TriggerId=new_id(), UnixTimeMs=NOW)


def theirs() -> typing.Iterator[str]:
    for payload in [
        m.Ping(MessageId=new_id()), m.Ack(AckMessageID=new_id()),
        DBGPayload(Command=DBGCommands.show_subscriptions), m.SendSnap(FromGNodeAlias=PARENT),
        scada.SendLayout(FromGNodeAlias=PARENT, MessageCreatedMs=NOW),
        event("CloseRelay", "a.relay1"), event("OpenRelay", "a.relay2"), analog("a.dist-010v"),
    ]:
        yield line(PARENT, "s", payload, ack=not isinstance(payload, m.Ack))
    for payload in [
        m.Ping(MessageId=new_id()),
        scada.AdminDispatch(DispatchTrigger=event("OpenRelay", "admin.relay2"), TimeoutSeconds=30),
        scada.AdminAnalogDispatch(Dispatch=analog("admin.dist-010v"), TimeoutSeconds=30),
        scada.AdminKeepAlive(), scada.AdminKeepAlive(AdminTimeoutSeconds=60),
        scada.AdminReleaseControl(), m.SendSnap(FromGNodeAlias="admin"),
        scada.SendControlCapabilities(FromGNodeAlias="admin", MessageCreatedMs=NOW),
    ]:
        yield line("admin", CHILD, payload, ack=True)
    report = scada.Report(
        FromGNodeAlias=CHILD, FromGNodeInstanceId=INSTANCE, AboutGNodeAlias=PARENT + ".ta",
        SlotStartUnixS=1795225200, SlotDurationS=30,
        ChannelReadingList=[scada.ChannelReadings(
            ChannelName="tank", ValueList=[21500, -3],
            ScadaReadTimeUnixMsList=[NOW - 1000, NOW])],
        StateList=[], FsmReportList=[], MessageCreatedMs=NOW, Id=new_id())
    reading = scada.SingleReading(ChannelName="tank", Value=21500, ScadaReadTimeUnixMs=NOW)
    state = scada.SingleMachineState(
        MachineHandle="a.relay1", StateEnum="relay.closed.or.open", State="RelayOpen", UnixMs=NOW)
    trigger = new_id()
    atomic = scada.FsmAtomicReport(
        MachineHandle="a.relay1", StateEnum="relay.closed.or.open", ReportType="Event",
        EventEnum="change.relay.state", Event="OpenRelay", FromState="RelayClosed",
        ToState="RelayOpen", UnixTimeMs=NOW, TriggerId=trigger)
    node = scada.SpaceheatNodeGt(
        Name="relay1", Handle="a.relay1", ActorClass="Relay", ShNodeId=new_id())
    for payload in [
        m.Ping(MessageId=new_id()), m.Ack(AckMessageID=new_id()),
        m.StartupEvent(Src=CHILD), m.ShutdownEvent(Src=CHILD, Reason="stop requested"),
        m.ProblemEvent(Src=CHILD, ProblemType=m.Problems.warning, Summary="hello"),
        m.MQTTConnectEvent(Src=CHILD, PeerName="peer"),
        m.MQTTConnectFailedEvent(Src=CHILD, PeerName="peer"),
        m.MQTTDisconnectEvent(Src=CHILD, PeerName="peer"),
        m.MQTTFullySubscribedEvent(Src=CHILD, PeerName="peer"),
        m.PeerActiveEvent(Src=CHILD, PeerName="peer"),
        m.ResponseTimeoutEvent(Src=CHILD, PeerName="peer"),
        DBGEvent(Src=CHILD, Command=DBGPayload(), Msg="hello"),
        scada.ReportEvent(Src=CHILD, Report=report) if hasattr(scada, "ReportEvent")
        else m.ReportEvent(Src=CHILD, Report=m.Report(**report.model_dump())),
        m.PowerWatts(Watts=1200), reading,
        scada.SnapshotSpaceheat(
            FromGNodeAlias=CHILD, FromGNodeInstanceId=INSTANCE, SnapshotTimeUnixMs=NOW,
            LatestReadingList=[reading], LatestStateList=[state]),
        scada.FsmFullReport(FromName="relay1", TriggerId=trigger, AtomicList=[atomic]),
        scada.NewCommandTree(FromGNodeAlias=CHILD, ShNodes=[node], UnixMs=NOW),
        scada.Glitch(
            FromGNodeAlias=CHILD, Node="relay1", Type="Warning", Summary="s", Details="d"),
    ]:
        is_event = isinstance(payload, m.EventBase) or isinstance(payload, m.Ping)
        yield line(CHILD, "a", payload, ack=is_event)


def known(codec: typing.Any) -> dict[str, str]:
    """The payload classes that a codec has a name for."""
    found: dict[str, str] = {}

    def walk(annotation: typing.Any) -> None:
        name = getattr(annotation, "model_fields", {}).get("TypeName")
        if name is not None:
            found[str(name.default)] = annotation.__name__
        for part in typing.get_args(annotation):
            walk(part)

    walk(codec.message_model.model_fields["Payload"].annotation)
    return found


def check(path: str) -> bool:
    codecs = {
        ("child", "default"): ProactorCodec(src_name=CHILD, dst_name="a"),
        ("child", "scada"): ScadaCodec(CHILD, "a"),
        ("admin", "scada"): ScadaCodec(CHILD, "admin"),
        ("parent", "default"): ProactorCodec(src_name=PARENT, dst_name="s"),
        ("parent", "scada"): ScadaCodec(PARENT, "s"),
    }
    names = {key: known(codec) for key, codec in codecs.items()}
    results: Counter[str] = Counter()
    seen: set[str] = set()
    for text in open(path, encoding="utf-8"):
        ours = json.loads(text)
        topic = ours["topic"].split("/")
        speaker = "parent" if topic[3] == "s" else "admin" if topic[3] == "admin" else "child"
        type_name = json.loads(ours["payload"])["Payload"]["TypeName"]
        for (role, kind), codec in codecs.items():
            if role != speaker:
                continue
            is_event = type_name.startswith("gridworks.event")
            wanted = names[role, kind].get(type_name, "AnyEvent" if is_event else None)
            if wanted is None:
                results[f"ok   {type_name} ({kind}): not of this decoder's types"] += 1
                continue
            seen.add(type_name)
            try:
                payload = codec.decode(ours["topic"], ours["payload"].encode()).Payload
                got = type(payload).__name__
                results[f"{'ok  ' if got == wanted else 'FAIL'} {type_name} ({kind}): {got}"] += 1
            except Exception as error:  # noqa: BLE001
                results[f"FAIL {type_name} ({kind}): {' '.join(str(error).split())[:600]}"] += 1
    for text, count in sorted(results.items()):
        print(f"{text}, {count}")
    expected = {
        "gridworks.ping", "gridworks.ack", "gridworks.event.startup", "gridworks.event.shutdown",
        "gridworks.event.problem", "gridworks.event.comm.mqtt.connect",
        "gridworks.event.comm.mqtt.connect.failed", "gridworks.event.comm.mqtt.disconnect",
        "gridworks.event.comm.mqtt.fully.subscribed", "gridworks.event.comm.peer.active",
        "gridworks.event.comm.response.timeout", "gridworks.event.proactor.dbg", "report.event",
        "snapshot.spaceheat", "power.watts", "single.reading", "layout.lite", "new.command.tree",
        "fsm.full.report", "glitch", "scada.control.capabilities", "fsm.event", "analog.dispatch",
        "send.snap", "send.layout",
    }
    for missing in sorted(expected - seen):
        print(f"FAIL {missing}: was never shown to a decoder that knows it")
    return expected <= seen and not any(text.startswith("FAIL") for text in results)


if sys.argv[1] == "write":
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.writelines(text + "\n" for text in theirs())
else:
    sys.exit(0 if check(sys.argv[2]) else 1)
