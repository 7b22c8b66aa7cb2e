//! What can go wrong, each in words that say what to do.

/// Why there is no server, or why it does not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A variable of the environment says what cannot be.
    #[error("{name}={value}: {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it, and what it may be.
        problem: String,
    },

    /// A server that was given is not ours to kill, stop or cut off.
    #[error("{0} was given, and is not ours to be killed, stopped or cut off")]
    Given(&'static str),

    /// Something that only containers can do was asked of another server.
    #[error("only the network of a container can be cut off")]
    NoContainer,

    /// A local server does not start or stop.
    #[error(transparent)]
    Local(#[from] local::Error),

    /// Containers were asked for, and the program that holds them is not there.
    #[error("containers are held by a program that is not built: run `make test-containers`")]
    NoHolder,

    /// The Docker engine, or the program that holds containers, refuses.
    #[error("{asked}: {said}")]
    Docker {
        /// What was asked.
        asked: String,
        /// What the answer was.
        said: String,
    },

    /// A server was started, and does not answer.
    #[error("{server} does not answer, {seconds} s after its start: {reason}\n{log}")]
    NotReady {
        /// Which server.
        server: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// What the last try came to.
        reason: String,
        /// The end of its log.
        log: String,
    },

    /// PostgreSQL refuses.
    #[error("PostgreSQL: {action}")]
    Sql {
        /// What was tried.
        action: String,
        /// What the server or the connection said.
        #[source]
        source: sqlx::Error,
    },
}
