//! The settings of `confab serve`: flags beat environment beats file. Knows nothing of what a server does with them.

mod model;
mod table;
mod values;

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use clap::{Arg, ArgAction, Command, builder::NonEmptyStringValueParser};

pub use self::model::{LogFormat, Settings};
use self::table::{SETTINGS, Setting};

/// What the command line asks for.
#[derive(Debug)]
pub enum Asked {
    /// To serve.
    Serve(Box<Settings>),
    /// To be told something, which is this text.
    Help(String),
}

/// Reads the command line, the environment and the file that either of them names.
///
/// # Errors
/// One line that names the first setting that makes no sense, and where it stands.
pub fn read(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Asked, String> {
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => return Ok(Asked::Help(error.render().to_string())),
        Err(error) => return Err(first_line(&error)),
    };
    let Some(("serve", matches)) = matches.subcommand() else {
        return Ok(Asked::Help(command().render_help().to_string()));
    };
    let from_flag = |name: &str| -> Option<Vec<String>> {
        matches.get_many::<String>(name).map(|values| values.cloned().collect())
    };

    let mut settings = Settings::default();
    if let Some((place, path)) = named_file(from_flag("config"), &env)? {
        read_file(&place, Path::new(&path), &mut settings)?;
    }
    for setting in SETTINGS {
        let variable = variable(setting.name);
        if let Some(value) = env_text(&env, &variable)? {
            let values: Vec<_> = if setting.many { split(&value) } else { vec![value] };
            setting.apply(&mut settings, &values).map_err(|wrong| format!("{variable}: {wrong}"))?;
        }
    }
    for setting in SETTINGS {
        if let Some(values) = from_flag(setting.name) {
            setting.apply(&mut settings, &values).map_err(|wrong| format!("--{}: {wrong}", setting.name))?;
        }
    }
    settings.server.restored = matches.get_flag("restored");
    values::sensible_together(&settings)?;
    Ok(Asked::Serve(Box::new(settings)))
}

/// What does not stop a start and is likely a mistake, each in one line, given the names in the environment.
pub fn doubts(settings: &Settings, env: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let known: Vec<_> = list().map(|(_, variable, ..)| variable).collect();
    let names = env.into_iter().filter_map(|name| name.into_string().ok());
    let ours = names.filter(|name| name.starts_with("CONFAB_") && !known.contains(name));
    let mut doubts: Vec<_> = ours
        .map(|name| format!("{name}: there is no setting of that name; `confab serve --help` lists them"))
        .collect();
    let everybody = settings.server.trusted_proxy.iter().filter(|network| network.prefix_len() == 0);
    doubts.extend(everybody.map(|network| {
        format!("trusted-proxy: {network} believes everybody, so that whoever calls can say any address and get around the limits of one")
    }));
    doubts
}

/// The environment variable of a setting.
fn variable(name: &str) -> String {
    format!("CONFAB_{}", name.replace('-', "_").to_ascii_uppercase())
}

/// The value of a variable; one that is empty counts as not there, as compose files write it.
fn env_text(env: &impl Fn(&str) -> Option<OsString>, variable: &str) -> Result<Option<String>, String> {
    let Some(value) = env(variable) else { return Ok(None) };
    let value = value.into_string().map_err(|_| format!("{variable}: this is not UTF-8"))?;
    Ok((!value.is_empty()).then_some(value))
}

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The file of settings, and what names it.
fn named_file(
    flag: Option<Vec<String>>,
    env: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(String, String)>, String> {
    if let Some(path) = flag.and_then(|mut values| values.pop()) {
        return Ok(Some(("--config".to_owned(), path)));
    }
    let variable = variable("config");
    Ok(env_text(env, &variable)?.map(|path| (variable, path)))
}

fn read_file(named_by: &str, path: &Path, settings: &mut Settings) -> Result<(), String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{named_by}: {shown}: {error}"))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        format!("{shown}: line {line}: {}", error.message().replace('\n', " "))
    })?;
    let mut by_name: BTreeMap<String, toml::Value> = table.into_iter().collect();
    for setting in SETTINGS {
        let key = setting.name.replace('-', "_");
        if let Some(value) = by_name.remove(&key) {
            let values = values::from_toml(setting.name, setting.many, &value)
                .map_err(|wrong| format!("{shown}: {key}: {wrong}"))?;
            setting.apply(settings, &values).map_err(|wrong| format!("{shown}: {key}: {wrong}"))?;
        }
    }
    match by_name.keys().next() {
        Some(unknown) => Err(format!("{shown}: {unknown}: there is no setting of that name")),
        None => Ok(()),
    }
}

/// What `--config` means. It is no setting itself: it says where settings are.
const CONFIG: &str = "A TOML file with a line for each setting, such as data_dir = \"/srv/confab\"";

/// What `--restored` does. A flag alone: it is for one start.
const RESTORED: &str = "For the first start on a database that was put back from a backup: gives its log a new \
                        epoch, so that open pages forget what came after the backup and load anew";

fn command() -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(NonEmptyStringValueParser::new())
        .help(format!("{CONFIG} [env: {}]", variable("config")));
    let serve = Command::new("serve")
        .about("Starts a server")
        .long_about(
            "Starts a server. Each setting can be given as a flag, as an environment variable and as a line of \
             the file that --config names; the flag beats the environment, which beats the file. Lists are \
             written with commas in the environment and in brackets in the file.",
        )
        .arg(config)
        .arg(Arg::new("restored").long("restored").action(ArgAction::SetTrue).help(RESTORED))
        .args(SETTINGS.iter().map(argument));
    Command::new("confab")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A chat server with its page, in one program")
        .subcommand_required(false)
        .disable_help_subcommand(true)
        .subcommand(serve)
}

fn argument(setting: &Setting) -> Arg {
    let variable = variable(setting.name);
    let help = format!("{} [default: {}] [env: {variable}]", setting.help, setting.default);
    Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value)
        .action(if setting.many { ArgAction::Append } else { ArgAction::Set })
        .allow_hyphen_values(false)
        .help(help)
}

/// What clap has to say, as one line.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line =
        text.lines().find(|line| !line.trim().is_empty()).unwrap_or("this command line makes no sense");
    line.trim_start_matches("error: ").to_owned()
}

/// Name, environment variable, default and meaning of all that can be said, in the order of `--help`.
pub fn list() -> impl Iterator<Item = (&'static str, String, &'static str, &'static str)> {
    let settings = SETTINGS.iter().map(|is| (is.name, variable(is.name), is.default, is.help));
    std::iter::once(("config", variable("config"), "none", CONFIG)).chain(settings)
}
