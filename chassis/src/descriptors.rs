//! File descriptors: a server needs one for each connection, and the usual soft limit of 1,024 is
//! meant for programs of another time.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What a process needs besides its connections: databases, the broker, listeners, files.
const BESIDES: u64 = 256;

/// Makes room for `wanted` connections, as far as the system allows, and says how many there is room
/// for. The soft limit is raised no further than that; it is never lowered.
#[must_use]
pub fn room_for(wanted: usize) -> usize {
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            tracing::warn!("the limit of open files cannot be told: {error}");
            return wanted;
        }
    };
    let needed = (wanted as u64).saturating_add(BESIDES).min(hard);
    let raised = needed.max(soft);
    let limit = match raised > soft {
        true => match setrlimit(Resource::RLIMIT_NOFILE, raised, hard) {
            Ok(()) => raised,
            Err(error) => {
                tracing::warn!("the limit of open files stays at {soft}: {error}");
                soft
            }
        },
        false => soft,
    };
    let room = room_within(limit, wanted);
    if room < wanted {
        tracing::warn!(
            limit,
            "http.max_connections is {wanted}, but {limit} open files are allowed: {room} \
             connections are taken at once; raise the hard limit (ulimit -Hn, LimitNOFILE)"
        );
    }
    room
}

/// How many of `wanted` connections fit under a limit of open files.
fn room_within(limit: u64, wanted: usize) -> usize {
    // Under a very low limit, half of it is all that can be spared.
    let besides = BESIDES.min(limit / 2);
    let room = usize::try_from(limit - besides).unwrap_or(usize::MAX);
    wanted.min(room.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_connections_are_taken_as_there_are_descriptors_for() {
        for (limit, wanted, room) in [
            (1 << 20, 2_048, 2_048),
            (2_304, 2_048, 2_048),
            (1_024, 2_048, 768),
            (100, 2_048, 50),
            (0, 2_048, 1),
            (u64::MAX, 10, 10),
        ] {
            assert_eq!(room_within(limit, wanted), room, "{limit} {wanted}");
        }
    }

    #[test]
    fn the_soft_limit_is_raised_as_far_as_it_must_and_may_be() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let wanted = usize::try_from(soft + 100).unwrap();
        let room = room_for(wanted);
        let (raised, still_hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(still_hard, hard);
        assert_eq!(raised, hard.min(wanted as u64 + BESIDES));
        assert_eq!(room, room_within(raised, wanted));
    }
}
