//! `projector verify`

use crate::{print, progress::Teller, these_or_all};
use assembly::open_reader;
use chassis::config::Settings;
use clap::Args;
use projector::{
    open_read_models_to_rebuild, rebuild_options,
    verify::{Difference, Verified, VerifyOptions, verify_by_name},
};
use std::process::ExitCode;

/// That a read model differs, and that it could not be found out whether one does.
const DIFFERS: u8 = 1;
const NOT_VERIFIED: u8 = 2;

/// The longest value that is printed, in characters.
const LONGEST: usize = 200;

/// Which read models are compared, and how.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Which: see `projector status`.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    name: Option<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
    /// Of a hundred keys about so many, always the same ones.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0, value_parser = percent)]
    sample: f64,
    /// How many differences are printed of each; more are only counted.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err("more than 0 and at most 100 percent are expected".into()),
    }
}

pub(crate) async fn run(settings: &Settings, args: VerifyArgs) -> ExitCode {
    match try_run(settings, args).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(code) => code.into(),
        Err(error) => {
            complain(&format!("error: {error:#}"));
            NOT_VERIFIED.into()
        }
    }
}

/// The exit code: the worst of all.
async fn try_run(settings: &Settings, args: VerifyArgs) -> anyhow::Result<u8> {
    let reader = open_reader(settings).await?;
    let models = open_read_models_to_rebuild(settings, 1).await?;
    let teller = Teller::new();
    let options = VerifyOptions {
        percent: args.sample,
        differences: args.limit,
        fold: rebuild_options(&settings.projector, 1),
    };
    let mut code = 0;
    for name in these_or_all(args.name) {
        let told = teller.on_progress();
        let verified = verify_by_name(&name, reader.clone(), &models, &options, told).await;
        teller.done(&name);
        match verified {
            Ok(verified) => {
                print(&said(&name, &verified))?;
                code = code.max(if verified.is_equal() { 0 } else { DIFFERS });
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                complain(&format!("{name}: could not be verified: {error:#}"));
                code = NOT_VERIFIED;
            }
        }
    }
    Ok(code)
}

#[expect(clippy::print_stderr, reason = "it is beside the result")]
fn complain(text: &str) {
    eprintln!("{text}");
}

fn said(name: &str, verified: &Verified) -> String {
    let Verified {
        position,
        events,
        rows,
        different,
        missing,
        superfluous,
        parked,
        differences,
        took,
    } = verified;
    let verdict = match verified.is_equal() {
        true => "equal".to_owned(),
        false => format!("{different} differ, {missing} missing, {superfluous} superfluous"),
    };
    let mut text = format!(
        "{name}: {verdict}: {rows} rows from {events} events at position {position}, {took:.1?}\n"
    );
    if *parked > 0 {
        text.push_str(&format!(
            "  {parked} sequences are parked, and were compared as they are before what stops them\n"
        ));
    }
    for difference in differences {
        match difference {
            Difference::Missing { key } => text.push_str(&format!("  missing {key}\n")),
            Difference::Superfluous { key } => text.push_str(&format!("  superfluous {key}\n")),
            Difference::Different { key, fields } => {
                text.push_str(&format!("  differs {key}\n"));
                for field in fields {
                    text.push_str(&format!(
                        "    {}: live {}, folded {}\n",
                        field.column,
                        short(&field.live),
                        short(&field.folded)
                    ));
                }
            }
        }
    }
    let all = different + missing + superfluous;
    let more = all.saturating_sub(differences.len() as u64);
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
    text
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
