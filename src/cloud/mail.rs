//! Mail adapters written in JavaScript (`parse-server:src/Adapters/Email/MailAdapter.js` says what they define).

use std::sync::Arc;

use async_trait::async_trait;

use super::Callbacks;
use crate::adapters::mail::{Courier, Link, LinkPurpose};
use crate::error::Result;
use crate::options::HostReference;
use crate::value::Json;

/// A mail adapter written in JavaScript.
#[derive(Debug)]
pub struct HostMail {
    adapter: HostReference,
    host: Arc<dyn Callbacks>,
}

impl HostMail {
    /// The adapter that an option names.
    pub fn new(adapter: HostReference, host: Arc<dyn Callbacks>) -> Self {
        Self { adapter, host }
    }
}

#[async_trait]
impl Courier for HostMail {
    async fn take(&self, message: Json) -> Result<Option<Json>> {
        self.host.call(&self.adapter, Some("sendMail"), vec![message], None).await
    }

    fn writes(&self, purpose: LinkPurpose) -> bool {
        let described = self.host.describe(&self.adapter);
        described.is_some_and(|described| described.has(method(purpose)))
    }

    async fn write(&self, link: &Link) -> Result<()> {
        let told = Json::from([
            ("appName", Json::from(link.app_name.as_str())),
            ("link", Json::from(link.url.as_str())),
            ("user", link.user.clone()),
        ]);
        self.host
            .call(&self.adapter, Some(method(link.purpose)), vec![told], None)
            .await
            .map(|_| ())
    }
}

fn method(purpose: LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::Verification => "sendVerificationEmail",
        LinkPurpose::PasswordReset => "sendPasswordResetEmail",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::cloud::Within;
    use crate::options::HostDescription;

    #[derive(Debug)]
    struct Recorder {
        methods: Vec<&'static str>,
        calls: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Callbacks for Recorder {
        async fn call(
            &self,
            reference: &HostReference,
            method: Option<&str>,
            args: Vec<Json>,
            _within: Option<&Within>,
        ) -> Result<Option<Json>> {
            let args = Json::Array(args).to_text();
            let call = format!("{}.{}{args}", reference.path(), method.unwrap_or_default());
            self.calls.lock().unwrap().push(call);
            Ok(None)
        }

        fn describe(&self, _reference: &HostReference) -> Option<Arc<HostDescription>> {
            let methods = self.methods.iter().map(|&name| name.to_owned()).collect();
            Some(Arc::new(HostDescription { methods, ..HostDescription::default() }))
        }
    }

    #[tokio::test]
    async fn the_adapter_writes_what_it_has_methods_for() {
        let methods = vec!["sendMail", "sendVerificationEmail"];
        let recorder = Arc::new(Recorder { methods, calls: Mutex::default() });
        let adapter = HostReference::of_module("emailAdapter");
        let mail = HostMail::new(adapter, Arc::clone(&recorder) as Arc<dyn Callbacks>);
        assert!(mail.writes(LinkPurpose::Verification) && !mail.writes(LinkPurpose::PasswordReset));
        let link = Link {
            purpose: LinkPurpose::Verification,
            app_name: "App".to_owned(),
            url: "http://a/b".to_owned(),
            user: Json::from("user"),
        };
        mail.write(&link).await.unwrap();
        mail.take(Json::from([("to", Json::from("a@b.c"))])).await.unwrap();
        let expected = [
            r#"emailAdapter.sendVerificationEmail[{"appName":"App","link":"http://a/b","user":"user"}]"#,
            r#"emailAdapter.sendMail[{"to":"a@b.c"}]"#,
        ];
        assert_eq!(*recorder.calls.lock().unwrap(), expected);
    }
}
