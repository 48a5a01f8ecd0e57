//! What is seen of the data of identity providers, where adapters of the app decide it
//! (`parse-server:src/Adapters/Auth/AuthAdapter.js`, `afterFind`).

use futures_util::{StreamExt, TryStreamExt, stream};

use super::Found;
use crate::auth::providers::Told;
use crate::error::Result;
use crate::ops::Ctx;
use crate::ops::users::told;
use crate::value::{Cell, Json, Members};

const FIELD: &str = "authData";
/// How many accounts are asked about at the same time.
const ASKED_MAX: usize = 32;

/// Whether these are users of whom adapters of the app may show something else than what is stored.
pub(super) fn are_shown(ctx: &Ctx, found: &Found) -> bool {
    *found.class.name == *"_User"
        && !found.objects.is_empty()
        && ctx.app.auth.providers.show_anything_else()
}

/// Users as the adapters of the app show them.
pub(super) async fn show(ctx: &Ctx, mut found: Found) -> Result<Found> {
    let Some(column) = found.objects.column(FIELD) else { return Ok(found) };
    let stored: Vec<Option<Members>> = found
        .objects
        .iter()
        .map(|object| {
            let Cell::Json(text) = object.cell(column) else { return None };
            let Ok(Json::Object(data)) = Json::parse(text.as_bytes()) else { return None };
            Some(data)
        })
        .collect();
    if stored.iter().all(Option::is_none) {
        return Ok(found);
    }
    let told = told::reading_request(ctx).await?;
    let shown = stream::iter(stored).map(|stored| shown(ctx, stored, &told)).buffered(ASKED_MAX);
    let shown: Vec<Option<String>> = shown.try_collect().await?;
    if shown.iter().any(Option::is_some) {
        found.objects = found.objects.with_json(column, &shown);
    }
    Ok(found)
}

/// What is seen of the data of one user; nothing if it is what is stored.
async fn shown(ctx: &Ctx, stored: Option<Members>, told: &Told) -> Result<Option<String>> {
    let Some(mut data) = stored else { return Ok(None) };
    let mut is_changed = false;
    for (provider, stored) in &mut data {
        if !ctx.shows_accounts_of(provider) {
            continue;
        }
        if let Some(shown) = ctx.app.auth.providers.shown(provider, stored, told).await? {
            *stored = shown;
            is_changed = true;
        }
    }
    Ok(is_changed.then(|| Json::Object(data).to_text()))
}
