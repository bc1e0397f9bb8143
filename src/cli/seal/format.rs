//! Which kind of SealedSecret is made.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::bitnami::Certificate;
use super::keys::{RecipientArguments, To};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Ksecrets,
    Bitnami,
}

#[derive(Args, Debug)]
pub(super) struct FormatArguments {
    /// What to make: an object of ksecrets.dev, or one for a sealed-secrets controller
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "ksecrets")]
    format: Format,
    #[command(flatten)]
    certificate: CertificateArguments,
}

#[derive(Args, Debug)]
pub(super) struct CertificateArguments {
    /// Certificate of the sealed-secrets controller, as `kubeseal --fetch-cert` prints it; or $SEALED_SECRETS_CERT
    #[arg(long, value_name = "FILE")]
    pub(super) cert: Option<PathBuf>,
}

/// Whom to seal for.
pub(super) enum Target {
    Recipients(Box<To>),
    Controller(Certificate),
}

impl FormatArguments {
    pub(super) fn target(&self, to: &RecipientArguments) -> anyhow::Result<Target> {
        match self.format {
            Format::Ksecrets if self.certificate.cert.is_some() => {
                bail!("--cert is for a sealed-secrets controller: say --format bitnami, or name a recipient with -r")
            }
            Format::Ksecrets => Ok(Target::Recipients(Box::new(to.read()?))),
            Format::Bitnami => self.certificate.read(to).map(Target::Controller),
        }
    }

    pub(super) fn is_bitnami(&self) -> bool {
        self.format == Format::Bitnami
    }

    /// The certificate, where one value is sealed for a controller.
    pub(super) fn certificate(&self, to: &RecipientArguments) -> anyhow::Result<Certificate> {
        self.certificate.read(to)
    }
}

impl Target {
    /// Says for whom things were sealed.
    pub(super) fn tell(&self) {
        match self {
            Self::Recipients(to) => to.tell(),
            Self::Controller(certificate) => certificate.tell(),
        }
    }
}

impl CertificateArguments {
    /// The certificate, which has to be good today.
    pub(super) fn read(&self, to: &RecipientArguments) -> anyhow::Result<Certificate> {
        if !to.is_empty() {
            bail!("a sealed-secrets controller has no recipients: say --cert and not -r");
        }
        Certificate::read(self.cert.as_deref())
    }
}
