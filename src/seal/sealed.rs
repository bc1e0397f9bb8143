//! The sealed object: what is committed.

use std::collections::BTreeMap;

use crate::manifest::Object;

use super::coding::shown;
use super::envelope::{Edit, Envelope};
use super::reading::{Fields, one};
use super::{Context, Identity, MOST_TEXT, PlainSecret, Recipient, Scope, SealError, writing};

const GROUP: &str = "ksecrets.dev";
const VERSION: &str = "ksecrets.dev/v1alpha1";
const KIND: &str = "SealedSecret";

/// `kind: SealedSecret` of `ksecrets.dev/v1alpha1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    name: String,
    namespace: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    envelope: Envelope,
}

impl SealedSecret {
    /// Seals a Secret to recipients.
    ///
    /// # Errors
    /// When there is nothing to seal or nobody to seal to, the scope needs a namespace, or Kubernetes would refuse it.
    pub fn seal(plain: &PlainSecret, scope: Scope, to: &[Recipient]) -> Result<Self, SealError> {
        let context = Context::new(scope, plain.namespace.as_deref(), &plain.name)?;
        let envelope = Envelope::seal(&context, plain, to)?;
        Ok(Self {
            name: plain.name.clone(),
            namespace: plain.namespace.clone(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            envelope,
        })
    }

    /// `metadata.name`: that of the Secret too.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `metadata.namespace`, where it is written.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Puts it into a namespace where none is written: the one that it will be applied to.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace.get_or_insert_with(|| namespace.to_owned());
        self
    }

    /// Gives the sealed object itself labels and annotations. The Secret does not get them, and nothing is bound to them.
    #[must_use]
    pub fn with_metadata(mut self, labels: BTreeMap<String, String>, annotations: BTreeMap<String, String>) -> Self {
        self.labels.extend(labels);
        self.annotations.extend(annotations);
        self
    }

    /// What `spec` holds.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The context that its own scope, namespace and name make.
    ///
    /// # Errors
    /// When the scope needs a namespace and none is written.
    pub fn context(&self) -> Result<Context, SealError> {
        Context::new(self.envelope.scope, self.namespace.as_deref(), &self.name)
    }

    /// Whether it was sealed for where it stands, as far as can be told without a key.
    ///
    /// # Errors
    /// That it was moved, renamed, or given another scope.
    pub fn fits(&self) -> Result<(), SealError> {
        self.envelope.fits(&self.context()?, self.namespace.as_deref(), &self.name)
    }

    /// Opens it: the Secret as it will be in the cluster, with what the template makes.
    ///
    /// # Errors
    /// When no identity is a recipient, something was altered, or it was sealed for another place.
    pub fn open(&self, identities: &[Identity]) -> Result<PlainSecret, SealError> {
        let mut plain = self.open_values(identities)?;
        plain.data.extend(self.envelope.template.render(&plain.data)?);
        Ok(plain)
    }

    /// Opens it without what the template makes: what can be changed and given to [`Self::reseal`].
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_values(&self, identities: &[Identity]) -> Result<PlainSecret, SealError> {
        self.fits()?;
        let template = &self.envelope.template;
        Ok(PlainSecret {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            secret_type: template.secret_type.clone(),
            immutable: template.immutable,
            labels: template.labels.clone(),
            annotations: template.annotations.clone(),
            data: self.envelope.open(&self.context()?, identities)?,
        })
    }

    /// Changes values without any private key: what `change` sets comes under one new data key for these recipients,
    /// everything else keeps its bytes, and slots that nothing refers to any more go. On an error nothing has changed.
    ///
    /// # Errors
    /// When `change` fails, it was sealed for another place, or the whole is not allowed.
    pub fn edit(
        &mut self,
        to: &[Recipient],
        change: impl FnOnce(&mut Edit<'_>) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        self.fits()?;
        let context = self.context()?;
        let mut envelope = self.envelope.clone();
        let mut edit = envelope.edit(&context, to)?;
        change(&mut edit)?;
        edit.finish()?;
        self.envelope = envelope;
        Ok(())
    }

    /// Adds or replaces one value without any private key. See [`Self::edit`] for several.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub fn set(&mut self, key: &str, value: &[u8], to: &[Recipient]) -> Result<(), SealError> {
        self.edit(to, |edit| edit.set(key, value))
    }

    /// Seals a whole Secret onto this object. Values that an identity shows unchanged keep their bytes; if namespace,
    /// name, scope or type changed, none does. Literal templates and metadata of this object stay.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn reseal(
        &self,
        plain: &PlainSecret,
        scope: Scope,
        identities: &[Identity],
        to: &[Recipient],
    ) -> Result<Self, SealError> {
        let before = self.context()?;
        let after = Context::new(scope, plain.namespace.as_deref(), &plain.name)?;
        let envelope = self.envelope.reseal((&before, &after), plain, identities, to)?;
        Ok(Self {
            name: plain.name.clone(),
            namespace: plain.namespace.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            envelope,
        })
    }

    /// Wraps the data keys to other recipients; every value keeps its bytes. Says whether something changed.
    ///
    /// Whoever could open it before may still know its data keys: see [`Self::renew`].
    ///
    /// # Errors
    /// When no identity is a recipient of a slot that must change, or it was sealed for another place.
    pub fn rewrap(&mut self, identities: &[Identity], to: &[Recipient]) -> Result<bool, SealError> {
        self.fits()?;
        let context = self.context()?;
        let mut envelope = self.envelope.clone();
        let changed = envelope.rewrap(&context, identities, to)?;
        self.envelope = envelope;
        Ok(changed)
    }

    /// Seals every value anew under one new data key. What was known stays known: change the credential as well.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn renew(&mut self, identities: &[Identity], to: &[Recipient]) -> Result<(), SealError> {
        self.fits()?;
        let context = self.context()?;
        let mut envelope = self.envelope.clone();
        envelope.renew(&context, identities, to)?;
        self.envelope = envelope;
        Ok(())
    }

    /// Takes over the values of another object with their slots, without any private key. Those of the other win.
    ///
    /// # Errors
    /// When the other was sealed for another place, scope or type.
    pub fn merge(&mut self, other: Self) -> Result<(), SealError> {
        self.fits()?;
        let context = self.context()?;
        let mut envelope = self.envelope.clone();
        envelope.merge(&context, other.envelope)?;
        self.envelope = envelope;
        Ok(())
    }

    /// Reads a text of one document.
    ///
    /// # Errors
    /// When it is no sealed object, or not one of this format.
    pub fn read(text: &str) -> Result<Self, SealError> {
        if text.len() > MOST_TEXT {
            return Err(SealError::TooLarge { what: "the size of the file", limit: MOST_TEXT });
        }
        let tree = one(text)?;
        match Object::all(&tree).as_slice() {
            [object] => Self::of(object),
            [] => Err(SealError::NotSealed { found: "no Kubernetes object".to_owned() }),
            several => Err(SealError::NotOneDocument { found: several.len() }),
        }
    }

    /// Whether an object says that it is one of ours, whatever its version.
    #[must_use]
    pub fn is(object: &Object<'_>) -> bool {
        object.is(GROUP, KIND)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// When it is no sealed object, or not one of this format.
    pub fn of(object: &Object<'_>) -> Result<Self, SealError> {
        if object.kind != KIND || object.api_version != VERSION {
            return Err(SealError::NotSealed {
                found: format!("{} of {}", shown(object.kind), shown(object.api_version)),
            });
        }
        let mut root = Fields::read(object.root, "")?;
        let mut metadata = Fields::read(root.need("metadata")?, "metadata")?;
        let name = metadata.need_text("name")?.to_owned();
        let namespace = metadata.text("namespace")?.map(str::to_owned);
        let (labels, annotations) = (metadata.texts("labels")?, metadata.texts("annotations")?);
        let envelope = Envelope::read(root.need("spec")?)?;
        for known in ["apiVersion", "kind", "status"] {
            root.take(known);
        }
        root.finish()?;
        // The names must be allowed even where the scope does not count them.
        Context::new(Scope::Cluster, namespace.as_deref(), &name)?;
        Ok(Self { name, namespace, labels, annotations, envelope })
    }

    /// The object as YAML.
    ///
    /// # Errors
    /// When it is larger than etcd takes.
    pub fn to_yaml(&self) -> Result<String, SealError> {
        let mut text = String::with_capacity(4096);
        let place = (self.namespace.as_deref(), self.name.as_str());
        writing::head(&mut text, (VERSION, KIND), place, &self.labels, &self.annotations);
        writing::open(&mut text, 0, "spec");
        self.envelope.write(&mut text);
        if text.len() > MOST_TEXT {
            return Err(SealError::TooLarge { what: "the size of the sealed object", limit: MOST_TEXT });
        }
        Ok(text)
    }
}
