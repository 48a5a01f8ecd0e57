//! Whether requests can be answered.

use crate::error::Result;
use crate::ops::App;

/// Fails while the database does not answer. How long that may take is up to the database's own limits.
pub async fn ready(app: &App) -> Result<()> {
    app.storage.ping().await
}
