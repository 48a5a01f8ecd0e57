//! Mail through an SMTP server, over connections that are kept for a while.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Failure, Mail, message};
use crate::options::{SmtpOptions, SmtpSecurity};

/// Nobody waits longer for one answer of the server.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Connections at the same time.
const CONNECTIONS_MAX: u32 = 4;
/// How long a connection without work is kept.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// An SMTP server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub(super) fn new(options: &SmtpOptions, from: Mailbox) -> Result<Self, Failure> {
        let tls = || TlsParameters::new(options.host.clone());
        let tls = match options.security {
            SmtpSecurity::Tls => Tls::Wrapper(tls()?),
            SmtpSecurity::StartTls => Tls::Required(tls()?),
            SmtpSecurity::StartTlsIfOffered => Tls::Opportunistic(tls()?),
            SmtpSecurity::Plain => Tls::None,
        };
        let pool = PoolConfig::new().max_size(CONNECTIONS_MAX).idle_timeout(IDLE_MAX);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&options.host)
            .port(options.port)
            .tls(tls)
            .timeout(Some(ANSWER_MAX))
            .pool_config(pool);
        if let Some((user, password)) = &options.credentials {
            let password = password.expose().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: builder.build(), from })
    }

    pub(super) async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        self.transport.send(message::message(mail, &self.from)?).await?;
        Ok(())
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}
