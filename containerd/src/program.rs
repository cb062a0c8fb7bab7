//! The last step of a container: its process becomes a program of the system, or runs a module.

use crate::guest;
use crate::layers::Layer;
use libcontainer::workload::default::DefaultExecutor;
use libcontainer::workload::{Executor, ExecutorError, ExecutorValidationError};
use oci_spec::runtime::Spec;
use std::io::PipeReader;
use std::sync::Arc;

/// Executes the program of a container.
#[derive(Clone)]
pub(crate) struct Program {
    /// The program, where it is no file of the root folder.
    pub(crate) layer: Option<Arc<Given>>,
}

/// A layer, and the pipe through which it comes once the container starts.
pub(crate) struct Given {
    pub(crate) layer: Layer,
    pub(crate) pipe: PipeReader,
}

impl Executor for Program {
    fn exec(&self, spec: &Spec) -> Result<(), ExecutorError> {
        match guest::is_of_system(spec) {
            Ok(true) => DefaultExecutor {}.exec(spec),
            Ok(false) => std::process::exit(guest::run(spec, self.layer.as_deref())),
            Err(error) => Err(ExecutorError::Other(error.to_string())),
        }
    }

    fn validate(&self, spec: &Spec) -> Result<(), ExecutorValidationError> {
        let invalid = ExecutorValidationError::ArgValidationError;
        match guest::is_of_system(spec) {
            Ok(true) => DefaultExecutor {}.validate(spec),
            Ok(false) => Ok(()),
            Err(error) => Err(invalid(error.to_string())),
        }
    }
}
