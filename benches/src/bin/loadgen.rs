//! Scripted users that talk to a server in real time: `loadgen --help`.
#![allow(clippy::print_stdout)] // Printing is what it is for.

use std::path::PathBuf;
use std::process::ExitCode;
use voice_benches::load::{self, Kind, Load, Place, ServerProcess, Services};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<ExitCode, Failure> {
    let arguments = load::command().get_matches();
    if let Some(serve) = arguments.subcommand_matches("serve") {
        load::serve(serve.get_flag("bare"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut load = Load::from_arguments(&arguments)?;
    let outcome = load::runtime()?.block_on(async {
        let pinned = arguments.get_flag("pin");
        let server = match arguments.get_flag("spawn") {
            true => Some(spawn(load.services, pinned).await?),
            false => None,
        };
        if let Some(server) = &server {
            (load.servers, load.process) = (vec![server.address], Some(server.id()));
        }
        if pinned {
            load::keep_to_core(1)?;
        }
        let outcome = load::run(&load).await?;
        if let Some(server) = server {
            server.stop().await?;
        }
        Ok::<_, Failure>(outcome)
    })?;
    if arguments.get_flag("json") {
        println!("{}", outcome.json())
    } else {
        print!("{outcome}")
    }
    Ok(if outcome.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn spawn(services: Option<Services>, pinned: bool) -> Result<ServerProcess, Failure> {
    let place = if pinned { Place::Core(0) } else { Place::Anywhere };
    let log: PathBuf = std::env::temp_dir().join(format!("loadgen-server-{}.log", std::process::id()));
    let program = std::env::current_exe()?;
    let kind = Kind::Agent(services.unwrap_or(Services::USUAL));
    Ok(ServerProcess::start(&program, place, kind, &[], &log).await?)
}
