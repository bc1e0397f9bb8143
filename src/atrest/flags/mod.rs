//! The flags a kube-apiserver is started with, wherever they are written: a static pod, kubeadm, k3s or RKE2
//! configuration, a systemd unit.

mod door;
mod flag;
mod kubeadm;
mod launcher;
mod mounted;
mod pod;
mod rancher;
mod settings;
mod unit;

pub use door::Door;
pub use flag::Flag;
pub use launcher::{Flags, FlagsError, Launcher};
pub use mounted::Mounted;
pub use settings::{Encryption, EtcdLink, Settings};
