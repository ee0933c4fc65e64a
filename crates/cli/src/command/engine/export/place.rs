//! Where an export is put: a directory of its own that gets its name last.

use crate::failure::Failure;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A directory that is on its way; what is left of it goes when it is not published.
#[derive(Debug)]
pub struct Place {
    partial: PathBuf,
    to: PathBuf,
}

impl Place {
    /// A new directory beside the one that is wanted, so that a rename is all that is left to do.
    pub fn beside(to: &Path) -> Result<Self, Failure> {
        let shown = to.display();
        if to.exists() {
            return Err(Failure::input(format!(
                "{shown}: expected a directory that is not there yet; name another one"
            )));
        }
        let Some(name) = to.file_name() else {
            return Err(Failure::input(format!("{shown}: expected the name of a directory")));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.partial", std::process::id()));
        let partial = to.with_file_name(hidden);
        let failed = |error| cannot("make", &partial, &error);
        if let Some(above) = partial.parent() {
            fs::create_dir_all(above).map_err(failed)?;
        }
        fs::create_dir(&partial).map_err(failed)?;
        Ok(Self { partial, to: to.to_owned() })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives the directory its name.
    pub fn publish(self) -> Result<(), Failure> {
        fs::rename(&self.partial, &self.to).map_err(|error| cannot("name", &self.to, &error))?;
        // The new name is on disk with the directory above it; a system that cannot open one
        // flushes it by itself.
        let above = self.to.parent().filter(|above| !above.as_os_str().is_empty());
        if let Ok(above) = File::open(above.unwrap_or(Path::new("."))) {
            above.sync_all().map_err(|error| cannot("flush", &self.to, &error))?;
        }
        Ok(())
    }
}

impl Drop for Place {
    /// After a publication there is nothing of that name any more.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// A failure of the system about a file.
pub fn cannot(what: &str, path: &Path, error: &impl std::fmt::Display) -> Failure {
    Failure::failed(format!("{}: cannot {what}: {error}", path.display()))
}
