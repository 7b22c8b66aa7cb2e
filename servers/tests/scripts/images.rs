//! Stand-ins for images, which `tests/images/build.sh` makes: with a program in the place of Docker's.

use crate::{Place, said};
use std::{
    fs::{self, OpenOptions},
    io::Write,
};

/// It knows of each image only its label, in a file; and writes down what it builds.
const DOCKER: &str = r#"
cd "$PLACE/known"
case "$1 $2" in
"image inspect") name=${!#}; cat "${name#orders-test/}" 2>/dev/null ;;
"build --quiet")
    while [ $# -gt 0 ]; do
        case $1 in
        --label) label=${2#*=}; shift ;;
        --tag) name=${2#orders-test/}; shift ;;
        esac
        shift
    done
    echo "$label" >"$name"
    echo "$name" >>built ;;
esac
"#;

struct Scripts(Place);

impl Scripts {
    /// What images are made of, with the base that they are made on.
    fn new() -> Self {
        let place = Place::new();
        place.copy("tests/images");
        place.program("bin/docker", DOCKER);
        fs::create_dir(place.at("known")).unwrap();
        let scripts = Self(place);
        scripts.label_of_base("one");
        scripts
    }

    fn label_of_base(&self, label: &str) {
        fs::write(self.0.at("known/base"), label).unwrap();
    }

    /// Has images built; says which it was of these.
    fn built(&self, images: &[&str]) -> Vec<String> {
        let _ = fs::remove_file(self.0.at("known/built"));
        let mut script = self.0.script("tests/images/build.sh");
        said(&script.args(images).env_remove("REBUILD").output().unwrap());
        self.0.lines("known/built")
    }
}

#[test]
fn an_image_is_built_again_when_what_it_is_made_of_has_changed() {
    let scripts = Scripts::new();
    let all = ["postgres", "nginx"];
    assert_eq!(scripts.built(&all), all);
    assert!(scripts.built(&all).is_empty(), "nothing has changed");

    let append = |file: &str, line: &str| {
        let mut file = OpenOptions::new()
            .append(true)
            .open(scripts.0.at(file))
            .unwrap();
        writeln!(file, "{line}").unwrap();
    };
    append("tests/images/postgres/entrypoint.sh", "# other");
    assert_eq!(scripts.built(&all), ["postgres"]);
    fs::write(scripts.0.at("tests/images/nginx/another"), "file").unwrap();
    assert_eq!(scripts.built(&all), ["nginx"]);
    append("tests/images/build.sh", "# other");
    assert_eq!(scripts.built(&all), all);
    scripts.label_of_base("another");
    assert_eq!(scripts.built(&all), all);
    assert!(scripts.built(&all).is_empty());
}
