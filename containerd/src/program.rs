//! The last step of a container: its process becomes a program of the system, or runs a module.

use crate::guest;
use crate::layers::Layer;
use libcontainer::workload::default::DefaultExecutor;
use libcontainer::workload::{
    Executor, ExecutorError, ExecutorSetEnvsError, ExecutorValidationError,
};
use oci_spec::runtime::Spec;
use std::collections::HashMap;
use std::io::PipeReader;
use std::sync::{Arc, OnceLock};

/// Executes the program of a container.
#[derive(Clone)]
pub(crate) struct Program {
    /// The program, where it is no file of the root folder.
    pub(crate) layer: Option<Arc<Given>>,
    /// Whether it is a program of the system, once that is known.
    pub(crate) is_of_system: Arc<OnceLock<bool>>,
}

/// A layer, and the pipe through which it comes once the container starts.
pub(crate) struct Given {
    pub(crate) layer: Layer,
    pub(crate) pipe: PipeReader,
}

impl Executor for Program {
    fn exec(&self, spec: &Spec) -> Result<(), ExecutorError> {
        match self.is_of_system.get() {
            Some(true) => DefaultExecutor {}.exec(spec),
            _ => std::process::exit(guest::run(spec, self.layer.as_deref())),
        }
    }

    /// A module's variables are in the specification alone: as those of the process they would be
    /// settings of the engine (`RAYON_NUM_THREADS`, `RUST_BACKTRACE`).
    fn setup_envs(&self, variables: HashMap<String, String>) -> Result<(), ExecutorSetEnvsError> {
        let mut variables = variables;
        let is_of_system = self.is_of_system.get() == Some(&true);
        // The system has none without a name.
        variables.retain(|name, _| is_of_system && !name.is_empty());
        DefaultExecutor {}.setup_envs(variables)
    }

    fn validate(&self, spec: &Spec) -> Result<(), ExecutorValidationError> {
        let invalid = ExecutorValidationError::ArgValidationError;
        let is_of_system = guest::is_of_system(spec).map_err(|error| invalid(error.to_string()))?;
        match *self.is_of_system.get_or_init(|| is_of_system) {
            true => DefaultExecutor {}.validate(spec),
            false => Ok(()),
        }
    }
}
