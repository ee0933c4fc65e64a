//! The files under test: those git would commit, or those a unit test invents.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// One file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// Size on disk.
    pub bytes: u64,
    /// The content, when it is UTF-8.
    pub text: Option<String>,
}

/// All files of the repository, ordered by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// A tree of invented files, each a path and a content.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|&(path, text)| File {
            path: path.to_owned(),
            bytes: text.len() as u64,
            text: Some(text.to_owned()),
        });
        Self::sorted(files.collect())
    }

    /// The files git would commit under `root`: tracked, or untracked and not ignored.
    ///
    /// # Errors
    ///
    /// When git is missing, `root` is not a checkout, or a listed file cannot be read.
    pub fn from_git(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in git_paths(root)? {
            match read(root, path) {
                Ok(file) => files.extend(file),
                // Deleted in the work tree and not yet in the index.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self::sorted(files))
    }

    /// Adds one file.
    pub fn push(&mut self, file: File) {
        self.files.push(file);
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Every file.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file at `path`.
    pub fn get(&self, path: &str) -> Option<&File> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// Whether `path` is a file, or a folder that holds one.
    pub fn holds(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.get(path).is_some()
            || self.files.iter().any(|file| file.path.starts_with(&folder))
    }

    /// Path and text of every UTF-8 file.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// Path and text of every Rust source file.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| extension(path) == Some("rs"))
    }

    /// Path and text of every Markdown file.
    pub fn markdown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| extension(path) == Some("md"))
    }

    fn sorted(mut files: Vec<File>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// What follows the last point of a file's name; none for `run` and `.gitignore`.
pub fn extension(path: &str) -> Option<&str> {
    let (stem, extension) = file_name(path).rsplit_once('.')?;
    (!stem.is_empty()).then_some(extension)
}

/// The folder under `crates/` that holds `path`.
pub fn crate_of(path: &str) -> Option<&str> {
    let (name, _) = path.strip_prefix("crates/")?.split_once('/')?;
    Some(name)
}

/// Numbered lines, from 1.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

fn git_paths(root: &Path) -> io::Result<Vec<String>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "-co", "--exclude-standard", "-z"])
        // A hook sets these, relative to a folder that is not ours.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(io::Error::other(format!(
            "git ls-files failed, run tidy inside a git checkout: {said}"
        )));
    }
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut paths: Vec<String> =
        listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    // A file in conflict is listed once per side.
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

fn read(root: &Path, path: String) -> io::Result<Option<File>> {
    let full = root.join(&path);
    let metadata = fs::metadata(&full)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let text = String::from_utf8(fs::read(&full)?).ok();
    Ok(Some(File { path, bytes: metadata.len(), text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_path() {
        assert_eq!(extension("a/b.tar.gz"), Some("gz"));
        assert_eq!(extension(".ci/run"), None);
        assert_eq!(extension(".gitignore"), None);
        assert_eq!(crate_of("crates/book/src/lib.rs"), Some("book"));
        assert_eq!(crate_of("crates/book"), None);
        assert_eq!(crate_of("docs/a.md"), None);
    }

    #[test]
    fn a_tree_holds_files_and_their_folders() {
        let tree = Tree::of(&[("docs/a.md", "x\n"), ("README.md", "y\n")]);
        assert!(tree.holds("docs") && tree.holds("docs/a.md") && tree.holds(""));
        assert!(!tree.holds("doc") && !tree.holds("docs/b.md"));
    }

    #[test]
    fn a_folder_outside_git_is_an_error_that_says_so() {
        let error = Tree::from_git(Path::new("/")).unwrap_err();
        assert!(error.to_string().contains("inside a git checkout"), "{error}");
    }
}
