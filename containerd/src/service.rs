//! What containerd asks of the shim (`containerd.task.v2.Task`): one record for each container, and
//! events about them.
//!
//! containerd that starts anew asks for `pids` and `connect`, and takes a shim that cannot answer
//! for one without a container.

use crate::bundle::{self, Bundle};
use crate::compile;
use crate::record::{End, KILLED, Record, State};
use crate::refusal::{Answer, Refusal, told};
use crate::shim::Exit;
use chrono::{DateTime, Utc};
use containerd_shim::api::{
    CheckpointTaskRequest, CloseIORequest, ConnectRequest, ConnectResponse, CreateTaskRequest,
    CreateTaskResponse, DeleteRequest, DeleteResponse, Empty, ExecProcessRequest, KillRequest,
    PauseRequest, PidsRequest, PidsResponse, ResumeRequest, ShutdownRequest, StartRequest,
    StartResponse, StateRequest, StateResponse, StatsRequest, StatsResponse, Status,
    UpdateTaskRequest, WaitRequest, WaitResponse,
};
use containerd_shim::event::Event;
use containerd_shim::protos::events::task::{TaskCreate, TaskDelete, TaskExit, TaskIO, TaskStart};
use containerd_shim::protos::events::task::{TaskOOM, TaskPaused, TaskResumed};
use containerd_shim::protos::protobuf::MessageField;
use containerd_shim::protos::protobuf::well_known_types::timestamp::Timestamp;
use containerd_shim::protos::types::task::ProcessInfo;
use containerd_shim::publisher::RemotePublisher;
use containerd_shim::util::convert_to_any;
use containerd_shim::{Context, Task, TtrpcContext, TtrpcResult};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The containers of a shim.
pub(crate) struct Service {
    records: Arc<RwLock<HashMap<String, Arc<Record>>>>,
    events: Arc<Events>,
    address: String,
    exit: Arc<Exit>,
}

/// Where events go.
struct Events {
    publisher: RemotePublisher,
    namespace: String,
}

impl Events {
    /// Sends one. containerd may be gone for a while, and asks for the state when it is back.
    fn send(&self, event: impl Event) {
        let topic = event.topic();
        let _ =
            self.publisher.publish(Context::default(), &topic, &self.namespace, Box::new(event));
    }
}

const NO_EXEC: &str =
    "exec is not supported: the module is the only program that runs in the container";

const NO_UPDATE: &str = "other resources while it runs are not supported: a module has the limits with which it began; make the container anew";

/// A time as containerd writes it.
pub(crate) fn timestamp(at: DateTime<Utc>) -> MessageField<Timestamp> {
    let nanos = i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0);
    MessageField::some(Timestamp { seconds: at.timestamp(), nanos, ..Timestamp::default() })
}

impl Service {
    /// Without containers.
    pub(crate) fn new(
        publisher: RemotePublisher,
        namespace: &str,
        address: &str,
        exit: &Arc<Exit>,
    ) -> Service {
        Service {
            records: Arc::default(),
            events: Arc::new(Events { publisher, namespace: namespace.to_owned() }),
            address: address.to_owned(),
            exit: Arc::clone(exit),
        }
    }

    /// The container of a request, which may name no second program in it.
    fn record(&self, id: &str, exec: &str) -> Answer<Arc<Record>> {
        if !exec.is_empty() {
            return Err(Refusal::Unsupported(NO_EXEC));
        }
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        records.get(id).cloned().ok_or_else(|| Refusal::Missing(format!("no container `{id}`")))
    }

    fn make(&self, request: CreateTaskRequest) -> Answer<CreateTaskResponse> {
        if request.terminal {
            let why = "a terminal is not supported: programs have streams alone".to_owned();
            return Err(Refusal::Invalid(why));
        }
        if !request.checkpoint.is_empty() || !request.parent_checkpoint.is_empty() {
            return Err(Refusal::Unsupported("checkpoints are not supported"));
        }
        if self.record(&request.id, "").is_ok() {
            return Err(Refusal::Exists(format!("there is a container `{}`", request.id)));
        }
        let bundle = Bundle {
            id: request.id.clone(),
            path: request.bundle.clone().into(),
            namespace: self.events.namespace.clone(),
            address: self.address.clone(),
            stdin: request.stdin.clone().into(),
            stdout: request.stdout.clone().into(),
            stderr: request.stderr.clone().into(),
            systemd: bundle::asks_systemd(&request)?,
        };
        self.exit.note_socket();
        bundle.mount(&request)?;
        let events = Arc::clone(&self.events);
        let record = Record::create(bundle, move |record, end| {
            if record.is_out_of_memory(end) {
                let container_id = record.bundle.id.clone();
                events.send(TaskOOM { container_id, ..TaskOOM::default() });
            }
            events.send(exit(record, end));
        })?;
        let pid = record.pid;
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        records.insert(request.id.clone(), record);
        drop(records);
        let CreateTaskRequest { id, bundle, rootfs, stdin, stdout, stderr, .. } = request;
        let io = TaskIO { stdin, stdout, stderr, ..TaskIO::default() };
        self.events.send(TaskCreate {
            container_id: id,
            bundle,
            rootfs,
            io: MessageField::some(io),
            pid,
            ..TaskCreate::default()
        });
        Ok(CreateTaskResponse { pid, ..CreateTaskResponse::default() })
    }

    fn remove(&self, request: &DeleteRequest) -> Answer<DeleteResponse> {
        let record = self.record(&request.id, &request.exec_id)?;
        let End { code, at } = record.delete()?;
        self.records.write().unwrap_or_else(PoisonError::into_inner).remove(&request.id);
        self.events.send(TaskDelete {
            container_id: request.id.clone(),
            pid: record.pid,
            exit_status: code,
            exited_at: timestamp(at),
            ..TaskDelete::default()
        });
        Ok(DeleteResponse {
            pid: record.pid,
            exit_status: code,
            exited_at: timestamp(at),
            ..DeleteResponse::default()
        })
    }
}

fn exit(record: &Record, End { code, at }: End) -> TaskExit {
    TaskExit {
        container_id: record.bundle.id.clone(),
        id: record.bundle.id.clone(),
        pid: record.pid,
        exit_status: code,
        exited_at: timestamp(at),
        ..TaskExit::default()
    }
}

impl Task for Service {
    fn create(&self, _: &TtrpcContext, it: CreateTaskRequest) -> TtrpcResult<CreateTaskResponse> {
        Ok(self.make(it)?)
    }

    fn start(&self, _: &TtrpcContext, it: StartRequest) -> TtrpcResult<StartResponse> {
        let record = self.record(&it.id, &it.exec_id)?;
        let pid = record.pid;
        let started = TaskStart { container_id: it.id, pid, ..TaskStart::default() };
        record.start(|| self.events.send(started))?;
        Ok(StartResponse { pid, ..StartResponse::default() })
    }

    fn kill(&self, _: &TtrpcContext, it: KillRequest) -> TtrpcResult<Empty> {
        self.record(&it.id, &it.exec_id)?.kill(it.signal, it.all)?;
        Ok(Empty::default())
    }

    fn pause(&self, _: &TtrpcContext, it: PauseRequest) -> TtrpcResult<Empty> {
        self.record(&it.id, "")?.pause()?;
        self.events.send(TaskPaused { container_id: it.id, ..TaskPaused::default() });
        Ok(Empty::default())
    }

    fn resume(&self, _: &TtrpcContext, it: ResumeRequest) -> TtrpcResult<Empty> {
        self.record(&it.id, "")?.resume()?;
        self.events.send(TaskResumed { container_id: it.id, ..TaskResumed::default() });
        Ok(Empty::default())
    }

    fn delete(&self, _: &TtrpcContext, it: DeleteRequest) -> TtrpcResult<DeleteResponse> {
        Ok(self.remove(&it)?)
    }

    fn wait(&self, _: &TtrpcContext, it: WaitRequest) -> TtrpcResult<WaitResponse> {
        let End { code, at } = self.record(&it.id, &it.exec_id)?.wait();
        let exited_at = timestamp(at);
        Ok(WaitResponse { exit_status: code, exited_at, ..WaitResponse::default() })
    }

    fn state(&self, _: &TtrpcContext, it: StateRequest) -> TtrpcResult<StateResponse> {
        let record = self.record(&it.id, &it.exec_id)?;
        let (status, end) = match record.state() {
            State::Created => (Status::CREATED, None),
            State::Started => (Status::RUNNING, None),
            State::Paused => (Status::PAUSED, None),
            State::Ended(end) => (Status::STOPPED, Some(end)),
        };
        let Bundle { path, stdin, stdout, stderr, .. } = &record.bundle;
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        Ok(StateResponse {
            id: it.id,
            bundle: text(path),
            pid: record.pid,
            status: status.into(),
            stdin: text(stdin),
            stdout: text(stdout),
            stderr: text(stderr),
            exit_status: end.map_or(0, |end| end.code),
            exited_at: end.map_or_else(MessageField::none, |end| timestamp(end.at)),
            ..StateResponse::default()
        })
    }

    /// The first process, also when it has ended: its exit code is to be asked for.
    fn pids(&self, _: &TtrpcContext, it: PidsRequest) -> TtrpcResult<PidsResponse> {
        let first = ProcessInfo { pid: self.record(&it.id, "")?.pid, ..ProcessInfo::default() };
        Ok(PidsResponse { processes: vec![first], ..PidsResponse::default() })
    }

    fn stats(&self, _: &TtrpcContext, it: StatsRequest) -> TtrpcResult<StatsResponse> {
        let record = self.record(&it.id, "")?;
        if let State::Ended(_) = record.state() {
            return Err(Refusal::State("it has ended".into()).into());
        }
        let why = "the system does not say what its cgroup is";
        let cgroup = record.cgroup.as_ref().ok_or_else(|| Refusal::Failed(why.into()))?;
        let metrics = cgroup.metrics();
        let stats = MessageField::some(convert_to_any(Box::new(metrics))?);
        Ok(StatsResponse { stats, ..StatsResponse::default() })
    }

    fn connect(&self, _: &TtrpcContext, it: ConnectRequest) -> TtrpcResult<ConnectResponse> {
        let task_pid = self.record(&it.id, "")?.pid;
        let shim_pid = std::process::id();
        Ok(ConnectResponse { shim_pid, task_pid, ..ConnectResponse::default() })
    }

    fn exec(&self, _: &TtrpcContext, _: ExecProcessRequest) -> TtrpcResult<Empty> {
        Err(Refusal::Unsupported(NO_EXEC).into())
    }

    /// Refused by name: containerd takes the answer of a shim without it for a container that is
    /// gone, and says that all is well.
    fn update(&self, _: &TtrpcContext, _: UpdateTaskRequest) -> TtrpcResult<Empty> {
        Err(Refusal::Unsupported(NO_UPDATE).into())
    }

    fn checkpoint(&self, _: &TtrpcContext, _: CheckpointTaskRequest) -> TtrpcResult<Empty> {
        Err(Refusal::Unsupported("checkpoints are not supported").into())
    }

    /// Its standard input ends when nobody has the pipe any more, and the shim has not.
    fn close_io(&self, _: &TtrpcContext, it: CloseIORequest) -> TtrpcResult<Empty> {
        self.record(&it.id, &it.exec_id)?;
        Ok(Empty::default())
    }

    fn shutdown(&self, _: &TtrpcContext, _: ShutdownRequest) -> TtrpcResult<Empty> {
        let (records, exit) = (Arc::clone(&self.records), Arc::clone(&self.exit));
        let is_empty = move || records.read().unwrap_or_else(PoisonError::into_inner).is_empty();
        if is_empty() {
            std::thread::spawn(move || {
                compile::wait();
                // The pod may have got another container meanwhile.
                if is_empty() {
                    exit.signal();
                }
            });
        }
        Ok(Empty::default())
    }
}

/// Removes what a shim left that is gone.
pub(crate) fn remove_after(bundle: &Bundle) -> DeleteResponse {
    if let Err(why) = crate::container::remove(bundle) {
        eprintln!("{}: {}", bundle.id, told(std::io::Error::other(why)));
    }
    DeleteResponse {
        exit_status: KILLED,
        exited_at: timestamp(Utc::now()),
        ..DeleteResponse::default()
    }
}
