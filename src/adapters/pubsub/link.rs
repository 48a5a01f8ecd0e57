//! A connection to Redis, and how to make one.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo,
    IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, RedisError,
    RedisResult, TlsCertificates,
};
use tokio::sync::Notify;

use super::backoff::{Backoff, Dice};
use crate::options::{RedisAddress, RedisOptions, RedisTls, Secret};

/// A Redis server that is to be connected to.
#[derive(Clone)]
pub(super) struct Server {
    client: Client,
    name: Option<String>,
    connect_timeout: Duration,
    answer_timeout: Duration,
    ping_every: Duration,
    dice: Dice,
}

/// A connection that stands, and the news that it does no more.
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    pub(super) lost: Arc<Notify>,
}

/// What is done with a message that was published, by the channel. It must not wait.
pub(super) type Hear = Box<dyn Fn(Vec<u8>, Vec<u8>) + Send + Sync>;

impl Server {
    /// Errors if the certificates are none.
    pub(super) fn new(options: &RedisOptions, dice: Dice) -> Result<Self, String> {
        let mut login = RedisConnectionInfo::default()
            .set_db(i64::from(options.database))
            // Only this version of the protocol lets a connection be asked whether it stands while it listens.
            .set_protocol(ProtocolVersion::RESP3)
            .set_lib_name(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        if let Some(username) = &options.username {
            login = login.set_username(username);
        }
        if let Some(password) = &options.password {
            login = login.set_password(password.expose());
        }
        let info = address(&options.address)
            .into_connection_info()
            .map_err(|cause| cause.to_string())?
            .set_redis_settings(login);
        Ok(Self {
            client: client(info, &options.address).map_err(|cause| cause.to_string())?,
            name: options.name.clone(),
            connect_timeout: Duration::from_millis(options.connect_timeout_ms),
            answer_timeout: Duration::from_millis(options.answer_timeout_ms),
            ping_every: Duration::from_millis(options.ping_interval_ms),
            dice,
        })
    }

    /// Where it is, for the log.
    pub(super) fn shown(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(self.dice)
    }

    /// Connects.
    pub(super) async fn connect(&self, hear: Option<Hear>) -> RedisResult<Link> {
        let lost = Arc::new(Notify::new());
        let loss = Arc::clone(&lost);
        let told = move |push: PushInfo| -> Result<(), redis::aio::SendError> {
            if push.kind == PushKind::Disconnection {
                loss.notify_one();
            } else if push.kind == PushKind::Message
                && let Some(hear) = &hear
                && let Ok([redis::Value::BulkString(channel), redis::Value::BulkString(text)]) =
                    <[redis::Value; 2]>::try_from(push.data)
            {
                hear(channel, text);
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.answer_timeout))
            .set_push_sender(told);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let timeout = || RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        // What the handshake of Redis itself takes is not in the library's own limit.
        let limit = self.connect_timeout + self.answer_timeout;
        let connected = tokio::time::timeout(limit, Box::pin(connecting)).await;
        let mut connection = connected.map_err(|_| timeout())??;
        if let Some(name) = &self.name {
            let mut command = redis::cmd("CLIENT");
            command.arg("SETNAME").arg(name);
            if let Err(cause) = command.exec_async(&mut connection).await {
                tracing::debug!(%cause, "Redis does not take the name of the connection");
            }
        }
        Ok(Link { connection, lost })
    }

    /// Asks from time to time whether a connection stands, until it does not.
    pub(super) async fn watch(&self, mut connection: MultiplexedConnection) -> RedisError {
        loop {
            tokio::time::sleep(self.ping_every).await;
            if let Err(cause) = redis::cmd("PING").exec_async(&mut connection).await {
                return cause;
            }
        }
    }
}

fn address(address: &RedisAddress) -> ConnectionAddr {
    match address {
        RedisAddress::Tcp { host, port, tls: None } => ConnectionAddr::Tcp(host.clone(), *port),
        RedisAddress::Tcp { host, port, tls: Some(tls) } => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure: tls.trusts_anybody,
            tls_params: None,
        },
        RedisAddress::Socket(path) => ConnectionAddr::Unix(path.clone()),
    }
}

fn client(info: ConnectionInfo, address: &RedisAddress) -> RedisResult<Client> {
    let RedisAddress::Tcp { tls: Some(RedisTls { authorities, identity, .. }), .. } = address
    else {
        return Client::open(info);
    };
    let shown = |(certificate, key): &(String, Secret)| ClientTlsConfig {
        client_cert: certificate.clone().into_bytes(),
        client_key: key.expose().as_bytes().to_vec(),
    };
    let certificates = TlsCertificates {
        client_tls: identity.as_ref().map(shown),
        root_cert: authorities.as_ref().map(|authorities| authorities.clone().into_bytes()),
    };
    Client::build_with_tls(info, certificates)
}
