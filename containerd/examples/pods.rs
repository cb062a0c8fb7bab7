//! `pods SOCKET FOLDER IMAGE [WORD…] [-- ARG…]`: runs a container in a pod as kubelet does, through
//! containerd's part for Kubernetes (CRI), with the runtime handler `prova`. Prints its log and the
//! reason of its end, and ends with its exit code. FOLDER is where logs lie.
//!
//! | WORD | does |
//! |---|---|
//! | `NAME=VALUE` | an annotation of the pod |
//! | `memory=BYTES` | the container's limit of memory |
//! | `stats` | after two seconds, says in words what it uses, and stops it |
//! | `update` | asks for another limit of memory while it runs, and stops it |

use anyhow::{Context as _, Result, bail};
use containerd_client::tonic::transport::Channel;
use k8s_cri::v1::runtime_service_client::RuntimeServiceClient;
use k8s_cri::v1::{
    ContainerConfig, ContainerMetadata, ContainerState, ContainerStatsRequest, ContainerStatus,
    ContainerStatusRequest, CreateContainerRequest, ImageSpec, LinuxContainerConfig,
    LinuxContainerResources, LinuxPodSandboxConfig, LinuxSandboxSecurityContext, NamespaceMode,
    NamespaceOption, PodSandboxConfig, PodSandboxMetadata, RemovePodSandboxRequest,
    RunPodSandboxRequest, StartContainerRequest, StopContainerRequest, StopPodSandboxRequest,
    UpdateContainerResourcesRequest,
};
use std::path::Path;
use std::time::Duration;

type Client = RuntimeServiceClient<Channel>;

/// What a pod is to do.
struct Task {
    image: String,
    args: Vec<String>,
    memory: i64,
    pod: PodSandboxConfig,
    question: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(socket), Some(folder), Some(image)) = (args.next(), args.next(), args.next()) else {
        bail!("usage: pods SOCKET FOLDER IMAGE [WORD…] [-- ARG…]");
    };
    let words: Vec<String> = args.by_ref().take_while(|word| word != "--").collect();
    let name = format!("pod-{}", std::process::id());
    let mut task = Task { image, args: args.collect(), memory: 0, pod: pod(&name), question: None };
    let logs = Path::new(&folder).join(&name);
    task.pod.log_directory = logs.to_string_lossy().into_owned();
    for word in words {
        match word.split_once('=') {
            Some(("memory", bytes)) => task.memory = bytes.parse()?,
            Some((name, value)) => drop(task.pod.annotations.insert(name.into(), value.into())),
            None => task.question = Some(word),
        }
    }
    let mut client = Client::new(containerd_client::connect(&socket).await?);
    let request =
        RunPodSandboxRequest { config: Some(task.pod.clone()), runtime_handler: "prova".into() };
    let sandbox = client.run_pod_sandbox(request).await?.into_inner().pod_sandbox_id;
    let ended = run(&mut client, &task, &sandbox).await;
    let stop = StopPodSandboxRequest { pod_sandbox_id: sandbox.clone() };
    client.stop_pod_sandbox(stop).await?;
    client.remove_pod_sandbox(RemovePodSandboxRequest { pod_sandbox_id: sandbox }).await?;
    let log = std::fs::read_to_string(logs.join("0.log")).unwrap_or_default();
    print!("{log}");
    let status = ended?;
    println!("reason: {}", status.reason);
    std::process::exit(status.exit_code)
}

/// A pod of this name, in the network of the machine, so that none has to be set up.
fn pod(name: &str) -> PodSandboxConfig {
    let namespaces =
        NamespaceOption { network: NamespaceMode::Node.into(), ..NamespaceOption::default() };
    let context = LinuxSandboxSecurityContext {
        namespace_options: Some(namespaces),
        ..LinuxSandboxSecurityContext::default()
    };
    let linux = LinuxPodSandboxConfig {
        security_context: Some(context),
        ..LinuxPodSandboxConfig::default()
    };
    let metadata = PodSandboxMetadata {
        name: name.into(),
        uid: name.into(),
        namespace: "default".into(),
        attempt: 0,
    };
    PodSandboxConfig { metadata: Some(metadata), linux: Some(linux), ..PodSandboxConfig::default() }
}

/// Runs the container, asks the question, and waits for the end.
async fn run(client: &mut Client, task: &Task, sandbox: &str) -> Result<ContainerStatus> {
    let resources = LinuxContainerResources {
        memory_limit_in_bytes: task.memory,
        ..LinuxContainerResources::default()
    };
    let config = ContainerConfig {
        metadata: Some(ContainerMetadata { name: "main".into(), attempt: 0 }),
        image: Some(ImageSpec { image: task.image.clone(), ..ImageSpec::default() }),
        args: task.args.clone(),
        log_path: "0.log".into(),
        linux: Some(LinuxContainerConfig {
            resources: Some(resources),
            ..LinuxContainerConfig::default()
        }),
        ..ContainerConfig::default()
    };
    let request = CreateContainerRequest {
        pod_sandbox_id: sandbox.into(),
        config: Some(config),
        sandbox_config: Some(task.pod.clone()),
    };
    let container_id = client.create_container(request).await?.into_inner().container_id;
    client.start_container(StartContainerRequest { container_id: container_id.clone() }).await?;
    if let Some(question) = &task.question {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let answer = match question.as_str() {
            "stats" => stats(client, &container_id).await,
            "update" => update(client, &container_id).await,
            other => bail!("there is no `{other}`"),
        };
        let stop = StopContainerRequest { container_id: container_id.clone(), timeout: 1 };
        client.stop_container(stop).await?;
        println!("{}", answer.unwrap_or_else(|error| format!("{error:#}")));
    }
    for _ in 0..1200 {
        let request = ContainerStatusRequest { container_id: container_id.clone(), verbose: false };
        let status = client.container_status(request).await?.into_inner().status;
        let status = status.context("a container has a status")?;
        if status.state() == ContainerState::ContainerExited {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("it does not end")
}

/// What kubelet learns of its processor time and memory, in words.
async fn stats(client: &mut Client, container: &str) -> Result<String> {
    let request = ContainerStatsRequest { container_id: container.into() };
    let stats = client.container_stats(request).await?.into_inner().stats.context("numbers")?;
    let (cpu, memory) = (stats.cpu.context("of the CPU")?, stats.memory.context("of memory")?);
    let seconds = cpu.usage_core_nano_seconds.map_or(0, |nanos| nanos.value / 100_000_000);
    let used = memory.usage_bytes.map_or(0, |bytes| bytes.value);
    let set = memory.working_set_bytes.map_or(0, |bytes| bytes.value);
    let left = memory.available_bytes.map_or(0, |bytes| bytes.value);
    let has_run = (1..=60).contains(&seconds);
    let has_memory = (1 << 20..1 << 30).contains(&used);
    Ok(format!(
        "has run: {has_run}, has memory: {has_memory}, memory and what is left: {}",
        set + left
    ))
}

/// Asks for more memory than the container has.
async fn update(client: &mut Client, container: &str) -> Result<String> {
    let linux = LinuxContainerResources {
        memory_limit_in_bytes: 1 << 30,
        ..LinuxContainerResources::default()
    };
    let request = UpdateContainerResourcesRequest {
        container_id: container.into(),
        linux: Some(linux),
        ..UpdateContainerResourcesRequest::default()
    };
    client.update_container_resources(request).await?;
    Ok("updated".into())
}
