//! An open session, bound to the event loop that opened it.

use crate::agent::Agent;
use crate::awaitable::{self, Given, Pending, Work};
use crate::errors::raise;
use crate::mailbox::{Letters, Mailbox};
use crate::runtime;
use bytes::Bytes;
use futures::FutureExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use voice_core::agent::{Control, SessionOptions};
use voice_core::conversation::CloseReason;
use voice_core::host::{Connection, Delivery, NotTaken, history_json, status_json};
use voice_core::protocol::WireMessage;
use voice_core::{Error, ErrorKind, Stage, TurnId};

/// One session. What it gives is taken with `take`; where nothing is there yet, `ready` waits.
#[pyclass(frozen, module = "voice_agent._native")]
pub(crate) struct Session {
    line: Arc<Line>,
    letters: Arc<Letters>,
}

/// The way out of a session. A waiter that is cancelled leaves what it has taken for the next.
struct Line {
    connection: Connection,
    /// Held by the one who waits for the connection.
    waiting: tokio::sync::Mutex<()>,
    taken: Mutex<VecDeque<Delivery>>,
    ended: AtomicBool,
}

impl Line {
    fn taken(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when there is something to take, or nothing will come any more.
    async fn fill(&self) {
        let _waiting = self.waiting.lock().await;
        if !self.taken().is_empty() {
            return;
        }
        match self.connection.next().await {
            Some(delivery) => self.taken().push_back(delivery),
            None => self.ended.store(true, Ordering::Release),
        }
    }

    /// What is there now.
    fn now(&self) -> Option<Delivery> {
        if self.taken().is_empty() {
            // `None` while it would have to wait, or somebody waits.
            self.fill().now_or_never()?;
        }
        self.taken().pop_front()
    }
}

#[pymethods]
impl Session {
    /// Opens a session of `agent` on the loop of `mailbox`, the running one.
    #[new]
    fn new(agent: &Agent, options: &str, mailbox: &Mailbox) -> PyResult<Self> {
        let options = SessionOptions::from_json(options).map_err(raise)?;
        let agent = agent.on(mailbox.letters())?;
        let _entered = runtime::handle()?.enter();
        let connection = Connection::open(&agent, options).map_err(raise)?;
        Ok(Self::of(connection, mailbox))
    }

    /// Opens a session for a client on a WebSocket, whose first message this is, or `None` when none came for 250 ms.
    #[staticmethod]
    fn accept(agent: &Agent, options: &str, mailbox: &Mailbox, first: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let options = SessionOptions::from_json(options).map_err(raise)?;
        let agent = agent.on(mailbox.letters())?;
        let first = first.map(message).transpose()?;
        let handle = runtime::handle()?;
        let _entered = handle.enter();
        // It waits for nothing: a session that has just begun has room for one message.
        let opened = Connection::accept(&agent, options, first).now_or_never();
        let wanted = || Error::new(ErrorKind::InvalidInput, Stage::Session, "the first message is too much");
        Ok(Self::of(opened.unwrap_or_else(|| Err(wanted())).map_err(raise)?, mailbox))
    }

    /// The session's name.
    #[getter]
    fn id(&self) -> &str {
        self.session().id().as_str()
    }

    /// Whether nothing more will come.
    #[getter]
    fn ended(&self) -> bool {
        self.line.ended.load(Ordering::Acquire) && self.line.taken().is_empty()
    }

    /// What is there now: a frame as JSON with the exception behind it, or a turn with its audio; `None` when there is
    /// nothing.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.line.now().map(|delivery| given(py, delivery)).transpose()
    }

    /// As `take`, of what a client on a WebSocket is sent: text or bytes.
    fn take_message<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let message = self.line.now().map(Delivery::into_message);
        message
            .map(|message| match message {
                WireMessage::Text(text) => Ok(text.into_pyobject(py)?.into_any()),
                WireMessage::Binary(pcm) => Ok(PyBytes::new(py, &pcm).into_any()),
            })
            .transpose()
    }

    /// Waits until there is something to take, or nothing will come any more.
    fn ready(&self, py: Python<'_>) -> PyResult<Pending> {
        let line = self.line.clone();
        awaitable::begin(py, &self.letters, async move {
            line.fill().await;
            Ok(Given::Truth(true))
        })
    }

    /// Hands over microphone audio. `None` when it was taken at once.
    fn send_audio(&self, py: Python<'_>, pcm: &[u8]) -> PyResult<Option<Pending>> {
        let (session, pcm) = (self.session().clone(), Bytes::copy_from_slice(pcm));
        self.at_once(py, Box::pin(async move { session.send_audio(pcm).await.map(|()| Given::Truth(true)) }))
    }

    /// Hands over a message of a client on a WebSocket. `None` when it was taken at once; gives false when the session
    /// is over. Fails with the close code when the client broke a rule.
    fn send_message(&self, py: Python<'_>, received: &Bound<'_, PyAny>) -> PyResult<Option<Pending>> {
        let (line, message) = (self.line.clone(), message(received)?);
        let work = async move {
            match line.connection.take_message(message).await {
                Ok(()) => Ok(Given::Truth(true)),
                Err(NotTaken::Over) => Ok(Given::Truth(false)),
                Err(refused) => Err(Error::new(ErrorKind::Protocol, Stage::Session, refused.to_string())),
            }
        };
        self.at_once(py, Box::pin(work))
    }

    fn text(&self, text: String) -> PyResult<()> {
        self.control(Control::Text(text))
    }

    fn say(&self, text: String) -> PyResult<()> {
        self.control(Control::Say(text))
    }

    fn announce(&self, text: String) -> PyResult<()> {
        self.control(Control::Announce(text))
    }

    fn interrupt(&self) -> PyResult<()> {
        self.control(Control::Interrupt)
    }

    fn played(&self, turn: u32, samples: u64) -> PyResult<()> {
        self.control(Control::Played { turn: TurnId(turn), samples })
    }

    /// Changes what `changes` names: `instructions`, `context`; `None` clears.
    fn set_context(&self, changes: &Bound<'_, PyDict>) -> PyResult<()> {
        let named = |name: &str| -> PyResult<Option<Option<String>>> {
            changes.get_item(name)?.map(|value| value.extract()).transpose()
        };
        self.control(Control::SetContext { instructions: named("instructions")?, context: named("context")? })
    }

    /// Asks the session to end; no error when it has.
    fn close(&self) -> PyResult<()> {
        match self.session().control(Control::Close(CloseReason::End)) {
            Err(error) if *error.kind() != ErrorKind::Unavailable => Err(raise(error)),
            _ => Ok(()),
        }
    }

    /// Waits until the session is over and all its work has ended.
    fn closed(&self, py: Python<'_>) -> PyResult<Pending> {
        let session = self.session().clone();
        awaitable::begin(py, &self.letters, async move {
            session.closed().await;
            Ok(Given::Truth(true))
        })
    }

    /// What was said and done, as JSON.
    fn history(&self) -> String {
        history_json(self.session())
    }

    /// How the session stands, as JSON.
    fn status(&self) -> String {
        status_json(self.session())
    }
}

impl Session {
    fn of(connection: Connection, mailbox: &Mailbox) -> Self {
        let line = Line {
            connection,
            waiting: tokio::sync::Mutex::default(),
            taken: Mutex::default(),
            ended: AtomicBool::new(false),
        };
        Self { line: Arc::new(line), letters: mailbox.letters().clone() }
    }

    fn session(&self) -> &voice_core::agent::Session {
        self.line.connection.session()
    }

    fn control(&self, control: Control) -> PyResult<()> {
        self.session().control(control).map_err(raise)
    }

    /// Spares a future where the work does not have to wait, which is nearly always.
    fn at_once(&self, py: Python<'_>, mut work: Work) -> PyResult<Option<Pending>> {
        match work.as_mut().now_or_never() {
            None => awaitable::begin(py, &self.letters, work).map(Some),
            Some(Ok(Given::Truth(true))) => Ok(None),
            Some(given) => awaitable::begin(py, &self.letters, std::future::ready(given)).map(Some),
        }
    }
}

fn given(py: Python<'_>, delivery: Delivery) -> PyResult<Bound<'_, PyAny>> {
    match delivery {
        Delivery::Audio { turn, pcm } => Ok((turn.0, PyBytes::new(py, &pcm)).into_pyobject(py)?.into_any()),
        Delivery::Frame { frame, cause } => {
            let WireMessage::Text(json) = frame.encode() else {
                return Err(PyValueError::new_err("audio has no JSON"));
            };
            let cause = cause.as_ref().and_then(|token| token.get::<Py<PyAny>>()).map(|cause| cause.clone_ref(py));
            Ok((json, cause).into_pyobject(py)?.into_any())
        }
        _ => Err(PyValueError::new_err("a delivery of a newer kind")),
    }
}

fn message(received: &Bound<'_, PyAny>) -> PyResult<WireMessage> {
    match received.cast::<PyBytes>() {
        Ok(pcm) => Ok(WireMessage::Binary(Bytes::copy_from_slice(pcm.as_bytes()))),
        Err(_) => received.extract().map(WireMessage::Text),
    }
}
