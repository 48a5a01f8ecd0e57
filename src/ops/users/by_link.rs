//! Changes of a user that come of a link in a mail: hooks hear of them as of any other
//! (`parse-server:src/Controllers/UserController.js`, `verifyEmail`, `updatePassword`).

use crate::access::Principal;
use crate::error::Result;
use crate::ops::hooks::{self, Heard};
use crate::ops::write::{self, Saved};
use crate::ops::{Ctx, read};
use crate::schema::{Assign, Row};
use crate::value::{ClassName, Date, FieldName, Fields, Json, Members, ObjectId, Op, Value};

/// Such a change, after hooks have heard of it.
#[derive(Debug)]
pub(super) struct ByLink {
    heard: Heard,
    /// What hooks change besides.
    more: Fields,
}

impl ByLink {
    /// A new password that somebody chose. The server sets it, whoever has the link.
    pub(super) async fn of_password(
        ctx: &Ctx,
        id: &ObjectId,
        password: &str,
    ) -> Result<Option<Self>> {
        let mut ctx = ctx.clone();
        ctx.principal = Principal::Master;
        Self::of(&ctx, id, "password", Value::String(password.to_owned())).await
    }

    /// An address that turned out to be its user's.
    pub(super) async fn of_verification(ctx: &Ctx, id: &ObjectId) -> Result<Option<Self>> {
        Self::of(ctx, id, "emailVerified", Value::Bool(true)).await
    }

    async fn of(ctx: &Ctx, id: &ObjectId, field: &str, value: Value) -> Result<Option<Self>> {
        if !hooks::hears_saves(ctx, "_User") {
            return Ok(None);
        }
        let Some(found) = read::whole_object(ctx, "_User", id).await? else { return Ok(None) };
        let mut fields = Fields::default();
        fields.set(field, value);
        let (class, original) = (&found.class.name, hooks::state_of(ctx, &found, 0));
        let heard =
            hooks::before_save(ctx, class, Some(id.clone()), &fields, Some(original)).await?;
        let mut more = heard.fields.clone();
        // These have their own ways.
        for name in [field, "password", "authData", "sessionToken", "username", "email"] {
            more.take(name);
        }
        Ok(Some(Self { heard, more }))
    }

    /// The password, which hooks may have changed.
    pub(super) fn password(&self) -> Option<&str> {
        match self.heard.fields.get("password") {
            Some(Op::Set(Value::String(password))) if !password.is_empty() => Some(password),
            _ => None,
        }
    }

    /// What is stored besides.
    pub(super) async fn columns(&self, ctx: &Ctx) -> Result<Vec<(FieldName, Assign)>> {
        if self.more.is_empty() {
            return Ok(Vec::new());
        }
        let mut ctx = ctx.clone();
        ctx.principal = Principal::Master;
        let class = write::fitting_user_class(&ctx, &self.more).await?;
        Ok(Row::of_change(&class, self.more.clone()).columns)
    }

    /// Tells hooks that it is stored.
    pub(super) async fn finish(&self, ctx: &Ctx, id: &ObjectId, now: Date) {
        if !hooks::hears_after_save(ctx, "_User") {
            return;
        }
        let mut fields = self.heard.fields.clone();
        fields.take("password");
        let data = self.heard.data();
        let mut after = hooks::updated(data, &fields, &Members::new(), &ctx.app.files);
        after.insert("updatedAt".to_owned(), Json::from(now.to_iso()));
        let class = ClassName::from("_User");
        let (id, news) = (id.clone(), Members::new());
        // Whoever opened the link is told nothing of the user.
        let mut saved = Saved { class, id, at: now, news, instead: None };
        hooks::after_save(ctx, &self.heard, after, &mut saved).await;
    }
}
